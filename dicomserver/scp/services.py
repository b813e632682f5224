"""What this server serves beside Verification and Storage: the one table of it."""

from typing import Final

from dicomserver.scp.serving import Service

SERVICES: Final[tuple[Service, ...]] = ()
