"""C-GET at another machine (PS3.4 C.4.3): it sends what is asked for on the association that asks."""

import contextlib
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import C_CANCEL, C_GET, C_STORE

from dicomserver.scu.association import MAX_CONTEXTS, Accepted, Connection, Context, associate
from dicomserver.scu.data_sets import QUERY_SYNTAXES, encoded
from dicomserver.scu.errors import ConnectionLost, Interrupted, NothingAccepted, ScuError
from dicomserver.scu.messages import Keeper, StoreAnswer, StoreAsked, StoreReceived
from dicomserver.scu.peers import Listener, Timeouts
from dicomserver.scu.progress import RetrieveProgress, progress_of

PATIENT_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
# What is left for storage beside the context of the query itself.
MAX_STORAGE_CONTEXTS: Final = MAX_CONTEXTS - 1
# More than any study has: a machine that never stops sending is left.
MAX_SUBOPERATIONS: Final = 200_000
_MEDIUM: Final = 0
# A machine that goes on after it was asked to stop is left.
_CANCEL_SECONDS: Final = 30.0
# PS3.7 Annex C.
_SOP_CLASS_NOT_SUPPORTED: Final = 0x0122
_MAX_COMMENT: Final = 64  # (0000,0902) is LO


@dataclass(frozen=True, slots=True)
class Incoming:
    """An instance that the machine is about to send, in the transfer syntax of its context; `address` is its own."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    has_data_set: bool
    address: str


def get(
    peer: Listener,
    identifier: Dataset,
    storage: Sequence[Context],
    keep: Callable[[Incoming], Keeper],
    *,
    ae_title: str | None = None,
    timeouts: Timeouts | None = None,
    on_wait: Callable[[], None] = lambda: None,
    on_cancel: Callable[[], None] = lambda: None,
) -> Generator[RetrieveProgress | None, None, None]:
    """Ask the machine to send here what `identifier` names (with its QueryRetrieveLevel), in the contexts `storage`.

    Each instance goes to what `keep` returns for it, and is answered as that says. Yields each answer of the machine,
    the final one too, whatever its status, and None after each instance. Closing the iterator early cancels the
    retrieval; `on_cancel` is called when the machine has been told so. `on_wait` is called about each second while
    nothing comes, and while an instance comes, and no answer is too late: it raises what ends the retrieval, an
    Interrupted, which is raised again once the machine has stopped.
    Raises PeerUnreachable and PeerRejected, NothingAccepted where the machine offers no C-GET or takes no role as SCU.
    """
    root = PATIENT_ROOT_GET if identifier.get("QueryRetrieveLevel") == "PATIENT" else STUDY_ROOT_GET
    contexts: list[Context] = [(root, QUERY_SYNTAXES), *storage[:MAX_STORAGE_CONTEXTS]]
    serves = {uid for uid, _ in contexts[1:]}
    with associate(peer, contexts, ae_title=ae_title, timeouts=timeouts, serves=serves) as connection:
        context = connection.accepted_for(root)
        if context is None or len(connection.accepted) == 1:
            connection.release()
            raise NothingAccepted("it does not send studies on the association that asks for them (C-GET).")
        exchange = _Exchange(connection, context, keep, on_wait, on_cancel)
        exchange.ask(root, identifier)
        try:
            while not exchange.is_done:
                progress = exchange.next()
                if not exchange.is_cancelled:
                    yield progress
        except ScuError:
            # How a machine ends that was told to stop is no matter.
            if exchange.interruption is None:
                raise
        finally:
            exchange.end()
        if exchange.interruption is not None:
            raise exchange.interruption


class _Exchange:
    """One C-GET from its request to its last answer, with the C-STORE requests that come between."""

    def __init__(
        self,
        connection: Connection,
        context: Accepted,
        keep: Callable[[Incoming], Keeper],
        on_wait: Callable[[], None],
        on_cancel: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._context = context
        self._storage = {one.context_id: one for one in connection.accepted if one.context_id != context.context_id}
        self._keep = keep
        self._on_wait = on_wait
        self._on_cancel = on_cancel
        self._message_id = connection.next_message_id()
        self._number = 0
        self.interruption: Interrupted | None = None
        self._deadline: float | None = None
        self.is_done = False
        connection.keep_instances(self._keeper_of)

    @property
    def is_cancelled(self) -> bool:
        """Whether the machine was asked to stop."""
        return self._deadline is not None

    def ask(self, root: str, identifier: Dataset) -> None:
        """Ask for it."""
        request = C_GET()
        request.MessageID = self._message_id
        request.AffectedSOPClassUID = root
        request.Priority = _MEDIUM
        request.Identifier = BytesIO(encoded(identifier, self._context.transfer_syntax))
        self._connection.send(request, self._context.context_id)

    def next(self) -> RetrieveProgress | None:
        """The machine's next answer; None where it sent an instance, which is answered. Raises ConnectionLost."""
        while not self._connection.has_news(1.0):
            self._look()
        _, message = self._connection.receive(on_wait=self._look)
        if isinstance(message, StoreReceived):
            self._answer(message)
            return None
        progress = progress_of(message, C_GET)
        self.is_done = progress.is_final
        return progress

    def end(self) -> None:
        """Have the machine stop if it has not, and take what it still had on the way."""
        # Whoever stops is told that it is stopped, also where the machine ends otherwise than it should.
        with contextlib.suppress(ScuError):
            if not self.is_done and not self._connection.is_over:
                self._cancel()
                while not self.is_done:
                    self.next()
        if self.is_done:
            self._connection.release()
        else:
            self._connection.abort()

    def _look(self) -> None:
        """Ask whether to go on; once it is not, ask how long. Raises ConnectionLost."""
        if self._deadline is not None:
            if time.monotonic() > self._deadline:
                raise ConnectionLost("The machine does not stop.")
            return
        try:
            self._on_wait()
        except Interrupted as interruption:
            self.interruption = interruption
            self._cancel()

    def _cancel(self) -> None:
        if self._deadline is not None:
            return
        self._deadline = time.monotonic() + _CANCEL_SECONDS
        request = C_CANCEL()
        request.MessageIDBeingRespondedTo = self._message_id
        self._connection.send(request, self._context.context_id)
        self._on_cancel()

    def _answer(self, received: StoreReceived) -> None:
        response: Any = C_STORE()
        response.MessageIDBeingRespondedTo = received.asked.message_id
        response.AffectedSOPClassUID = received.asked.sop_class_uid
        response.AffectedSOPInstanceUID = received.asked.sop_instance_uid
        response.Status = received.answer.status
        if received.answer.comment:
            response.ErrorComment = received.answer.comment[:_MAX_COMMENT]
        self._connection.send(response, received.asked.context_id)

    def _keeper_of(self, asked: StoreAsked) -> Keeper:
        """Whom the data set goes to. Raises ConnectionLost."""
        self._number += 1
        if self._number > MAX_SUBOPERATIONS:
            raise ConnectionLost("The machine sends more instances than any study has.")
        context = self._storage.get(asked.context_id)
        if context is None:
            raise ConnectionLost("The machine sends an instance in a way that was not agreed.")
        if context.abstract_syntax != asked.sop_class_uid:
            return _Refused(StoreAnswer(_SOP_CLASS_NOT_SUPPORTED, "Not the SOP Class of the context"))
        incoming = Incoming(
            asked.sop_class_uid,
            asked.sop_instance_uid,
            context.transfer_syntax,
            asked.has_data_set,
            self._connection.remote_address,
        )
        return _Watched(self._keep(incoming), self._look)


class _Watched:
    """A keeper during whose work somebody may want to stop."""

    def __init__(self, keeper: Keeper, look: Callable[[], None]) -> None:
        self._keeper = keeper
        self._look = look

    def write(self, piece: memoryview) -> None:
        """Append a piece. Raises ConnectionLost where the machine does not stop."""
        self._keeper.write(piece)
        self._look()

    def finish(self) -> StoreAnswer:
        """What the keeper says."""
        return self._keeper.finish()

    def discard(self) -> None:
        """Nobody hears an answer."""
        self._keeper.discard()


class _Refused:
    """Takes a data set that nobody wants."""

    def __init__(self, answer: StoreAnswer) -> None:
        self._answer = answer

    def write(self, piece: memoryview) -> None:
        """Forget it."""

    def finish(self) -> StoreAnswer:
        """Why it is not wanted."""
        return self._answer

    def discard(self) -> None:
        """There is nothing."""
