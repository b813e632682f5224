"""C-MOVE at another machine (PS3.4 C.4.2): it sends studies, series or instances to a third, or to this server."""

import contextlib
import time
from collections.abc import Callable, Generator
from io import BytesIO
from typing import Final

from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import C_CANCEL, C_MOVE

from dicomserver.scu.association import Accepted, Connection, associate
from dicomserver.scu.data_sets import QUERY_SYNTAXES, encoded
from dicomserver.scu.errors import ScuError
from dicomserver.scu.peers import Listener, Timeouts
from dicomserver.scu.progress import RetrieveProgress, progress_of

PATIENT_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.1.2"
STUDY_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
_MEDIUM: Final = 0
# A machine that goes on after it was asked to stop is left.
_CANCEL_SECONDS: Final = 30.0


def move(
    peer: Listener,
    identifier: Dataset,
    destination_ae: str,
    *,
    ae_title: str | None = None,
    timeouts: Timeouts | None = None,
    on_wait: Callable[[], None] | None = None,
    on_cancel: Callable[[], None] = lambda: None,
) -> Generator[RetrieveProgress, None, None]:
    """Ask the machine to send what `identifier` names (with its QueryRetrieveLevel) to `destination_ae`.

    Yields each answer, the final one too, whatever its status. Closing the iterator early cancels the retrieval;
    `on_cancel` is called when the machine has been told so.
    With `on_wait`, which is called each second without an answer, no answer is too late: it raises what ends the
    retrieval, which is cancelled then.
    Raises PeerUnreachable and PeerRejected.
    """
    root = PATIENT_ROOT_MOVE if identifier.get("QueryRetrieveLevel") == "PATIENT" else STUDY_ROOT_MOVE
    with associate(peer, [(root, QUERY_SYNTAXES)], ae_title=ae_title, timeouts=timeouts) as connection:
        context = connection.accepted[0]
        request = C_MOVE()
        request.MessageID = connection.next_message_id()
        request.AffectedSOPClassUID = root
        request.Priority = _MEDIUM
        request.MoveDestination = destination_ae
        request.Identifier = BytesIO(encoded(identifier, context.transfer_syntax))
        connection.send(request, context.context_id)
        is_done = False
        try:
            while not is_done:
                while on_wait is not None and not connection.has_news(1.0):
                    on_wait()
                progress = progress_of(connection.receive()[1], C_MOVE)
                is_done = progress.is_final
                yield progress
        except ScuError:
            is_done = True
            raise
        finally:
            if not is_done and not connection.is_over:
                _cancel(connection, context, request.MessageID, on_cancel)


def _cancel(connection: Connection, context: Accepted, message_id: int, on_cancel: Callable[[], None]) -> None:
    """Ask the machine to stop, and read what it still had on the way, so that the release is understood."""
    request = C_CANCEL()
    request.MessageIDBeingRespondedTo = message_id
    # Whoever stops is told that it is stopped, also where the machine ends otherwise than it should.
    with contextlib.suppress(ScuError):
        connection.send(request, context.context_id)
        on_cancel()
        deadline = time.monotonic() + _CANCEL_SECONDS
        while time.monotonic() < deadline:
            if progress_of(connection.receive()[1], C_MOVE).is_final:
                connection.release()
                return
