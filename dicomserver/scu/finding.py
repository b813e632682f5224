"""C-FIND at another machine (PS3.4 C.4.1): what it knows of patients, studies, series and instances."""

import contextlib
import time
from collections.abc import Generator, Iterator
from io import BytesIO
from typing import Any, Final

from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import C_CANCEL, C_FIND

from dicomserver.scu.association import Accepted, Connection, associate, error_comment
from dicomserver.scu.data_sets import QUERY_SYNTAXES, decoded, encoded
from dicomserver.scu.errors import ConnectionLost, PeerFailed, ScuError
from dicomserver.scu.peers import Listener, Timeouts

PATIENT_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.1.1"
STUDY_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
# PS3.4 Table C.4-1.
_PENDING: Final = frozenset({0xFF00, 0xFF01})
_CANCELLED: Final = 0xFE00
_MEDIUM: Final = 0
# A machine that goes on after it was asked to stop is left.
_CANCEL_SECONDS: Final = 10.0


def find(
    peer: Listener,
    identifier: Dataset,
    level: str = "STUDY",
    *,
    sop_class_uid: str | None = None,
    ae_title: str | None = None,
    timeouts: Timeouts | None = None,
) -> Generator[Dataset, None, None]:
    """What matches `identifier` at `level` (PATIENT, STUDY, SERIES or IMAGE), as it comes, text in Unicode.

    Closing the iterator early cancels the search; an ScuError thrown into it cuts the association. `sop_class_uid`
    names another information model, such as that of the Modality Worklist, whose identifiers have no level. Raises
    PeerUnreachable, PeerRejected and PeerFailed.
    """
    root = sop_class_uid or (PATIENT_ROOT_FIND if level == "PATIENT" else STUDY_ROOT_FIND)
    keys = Dataset()
    keys.update(identifier)
    if sop_class_uid is None:
        keys.QueryRetrieveLevel = level
    with associate(peer, [(root, QUERY_SYNTAXES)], ae_title=ae_title, timeouts=timeouts) as connection:
        context = connection.accepted[0]
        request = C_FIND()
        request.MessageID = connection.next_message_id()
        request.AffectedSOPClassUID = root
        request.Priority = _MEDIUM
        request.Identifier = BytesIO(encoded(keys, context.transfer_syntax))
        connection.send(request, context.context_id)
        is_done = False
        try:
            for answer in _answers(connection, context):
                if answer is None:
                    is_done = True
                    break
                yield answer
        except ScuError:
            is_done = True
            raise
        finally:
            if not is_done:
                _cancel(connection, context, request.MessageID)


def _answers(connection: Connection, context: Accepted) -> Iterator[Dataset | None]:
    """The matches, and None at the end."""
    while True:
        answer = _response(connection)
        if answer.Status not in _PENDING:
            if answer.Status not in {0, _CANCELLED}:
                raise PeerFailed(answer.Status, error_comment(answer))
            yield None
            return
        try:
            match = decoded(answer.Identifier.getvalue(), context.transfer_syntax)
        except (ValueError, AttributeError) as error:
            raise ConnectionLost("The machine's answer cannot be understood.") from error
        yield match


def _response(connection: Connection) -> Any:
    _, answer = connection.receive()
    if not isinstance(answer, C_FIND) or answer.Status is None:
        raise ConnectionLost("The machine answered something else.")
    return answer


def _cancel(connection: Connection, context: Accepted, message_id: int) -> None:
    """Ask the machine to stop, and read what it still had on the way, so that the release is understood."""
    request = C_CANCEL()
    request.MessageIDBeingRespondedTo = message_id
    # Whoever has heard enough has it, also where the machine ends otherwise than it should.
    with contextlib.suppress(ScuError):
        connection.send(request, context.context_id)
        deadline = time.monotonic() + _CANCEL_SECONDS
        while time.monotonic() < deadline:
            if _response(connection).Status not in _PENDING:
                connection.release()
                return
