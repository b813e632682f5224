"""C-MOVE at another machine (PS3.4 C.4.2): it sends studies, series or instances to a third, or to this server."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import C_CANCEL, C_MOVE

from dicomserver.scu.association import associate, error_comment
from dicomserver.scu.data_sets import QUERY_SYNTAXES, encoded
from dicomserver.scu.errors import ConnectionLost, ScuError
from dicomserver.scu.peers import Listener, Timeouts

PATIENT_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.1.2"
STUDY_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
PENDING: Final = 0xFF00
_MEDIUM: Final = 0
# A machine that goes on after it was asked to stop is left.
_CANCEL_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class MoveProgress:
    """One answer: how many sub-operations are where, as far as the machine says, and its status and words."""

    remaining: int | None
    completed: int | None
    failed: int | None
    warnings: int | None
    status: int
    comment: str = ""

    @property
    def is_final(self) -> bool:
        """Whether no more follows."""
        return self.status != PENDING


def move(
    peer: Listener,
    identifier: Dataset,
    destination_ae: str,
    *,
    ae_title: str | None = None,
    timeouts: Timeouts | None = None,
    on_wait: Callable[[], None] | None = None,
) -> Generator[MoveProgress, None, None]:
    """Ask the machine to send what `identifier` names (with its QueryRetrieveLevel) to `destination_ae`.

    Yields each answer, the final one too, whatever its status. Closing the iterator early cancels the retrieval.
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
                progress = _progress(connection.receive()[1])
                is_done = progress.is_final
                yield progress
        except ScuError:
            is_done = True
            raise
        finally:
            if not is_done:
                cancel = C_CANCEL()
                cancel.MessageIDBeingRespondedTo = request.MessageID
                connection.send(cancel, context.context_id)
                deadline = time.monotonic() + _CANCEL_SECONDS
                while time.monotonic() < deadline:
                    if _progress(connection.receive()[1]).is_final:
                        connection.release()
                        break


def _progress(answer: object) -> MoveProgress:
    if not isinstance(answer, C_MOVE) or answer.Status is None:
        raise ConnectionLost("The machine answered something else.")
    return MoveProgress(
        remaining=answer.NumberOfRemainingSuboperations,
        completed=answer.NumberOfCompletedSuboperations,
        failed=answer.NumberOfFailedSuboperations,
        warnings=answer.NumberOfWarningSuboperations,
        status=answer.Status,
        comment=error_comment(answer),
    )
