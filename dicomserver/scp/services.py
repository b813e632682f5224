"""What this server serves beside Verification and Storage: the one table of it."""

from typing import Final

from dicomserver.scp.commitment import COMMITMENT
from dicomserver.scp.finding import FIND
from dicomserver.scp.getting import GET
from dicomserver.scp.moving import MOVE
from dicomserver.scp.procedure_steps import PROCEDURE_STEP, PROCEDURE_STEP_READING
from dicomserver.scp.serving import Service
from dicomserver.scp.worklist import WORKLIST

SERVICES: Final[tuple[Service, ...]] = (FIND, MOVE, GET, COMMITMENT, WORKLIST, PROCEDURE_STEP, PROCEDURE_STEP_READING)
