"""C-STORE to another machine (PS3.4 Annex B): the bytes of the archive's files, in their own transfer syntax.

An instance whose transfer syntax the machine does not take is transcoded where that loses nothing, else it fails.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from pynetdicom.dimse_primitives import C_STORE

from dicomserver.scu.association import MAX_CONTEXTS, Accepted, Connection, Context, associate, error_comment
from dicomserver.scu.data_sets import PLAIN_SYNTAXES
from dicomserver.scu.errors import ConnectionLost, Interrupted, NothingAccepted
from dicomserver.scu.fragments import fragments_of_file
from dicomserver.scu.peers import Listener, Timeouts
from dicomserver.scu.store_request import MEDIUM, MoveOriginator, store_request
from dicomserver.scu.stored_files import (
    PROCESSING_FAILURE,
    NotSendable,
    Sendable,
    Sent,
    StoredFile,
    not_supported,
    sendable,
)

# So many lost associations one after the other are no longer the fault of one instance.
_LOSSES: Final = 2
# So long an answer is awaited by somebody who wants to end: the machine may have stored the instance.
_SECONDS_FOR_AN_ANSWER: Final = 5


def send_instances(
    peer: Listener,
    instances: Iterable[StoredFile],
    *,
    on_sent: Callable[[Sent], None],
    move_originator: MoveOriginator | None = None,
    priority: int = MEDIUM,
    is_cancelled: Callable[[], bool] = lambda: False,
    on_wait: Callable[[], None] | None = None,
    ae_title: str | None = None,
    timeouts: Timeouts | None = None,
) -> None:
    """Send the instances, calling `on_sent` for each; returns early where `is_cancelled` says so between two.

    Raises PeerUnreachable and PeerRejected, then `on_sent` was called for what was tried by then; and what `on_wait`
    raises, which is called about each second while an instance takes long. An association that is lost in the middle
    costs the instance that was being sent, and is made again for the others; lost twice in a row it is given up.
    """
    waiting, losses = list(instances), 0
    while waiting and not is_cancelled():
        group = _group(waiting)
        contexts = _contexts(group)
        job = _Job(on_sent, move_originator, priority, is_cancelled, on_wait)
        try:
            with associate(peer, contexts, ae_title=ae_title, timeouts=timeouts) as connection:
                job.run(connection, group)
            losses = 0
        except NothingAccepted:
            for stored in group:
                job.note(not_supported(stored))
        except ConnectionLost as error:
            if not job.is_under_way:
                raise
            losses = losses + 1 if job.done == 0 else 1
            job.note(Sent(group[job.done].sop_instance_uid, PROCESSING_FAILURE, text=str(error)))
            if losses >= _LOSSES:
                raise
        del waiting[: job.done]


class _Job:
    """The instances of one association."""

    def __init__(
        self,
        on_sent: Callable[[Sent], None],
        move_originator: MoveOriginator | None,
        priority: int,
        is_cancelled: Callable[[], bool],
        on_wait: Callable[[], None] | None,
    ) -> None:
        self._on_sent = on_sent
        self._move_originator = move_originator
        self._priority = priority
        self._is_cancelled = is_cancelled
        self._on_wait = on_wait
        self.done = 0
        self.is_under_way = False

    def run(self, connection: Connection, group: Sequence[StoredFile]) -> None:
        """Send until all are sent, or somebody cancels."""
        for stored in group:
            if self._is_cancelled():
                return
            self.is_under_way = True
            sent = self._send(connection, stored)
            self.is_under_way = False
            self.note(sent)

    def note(self, sent: Sent) -> None:
        """Tell what became of the next instance."""
        self.done += 1
        self._on_sent(sent)

    def _patience(self) -> Callable[[], None]:
        """What is called each second while an answer is awaited: what was sent in full is interrupted late."""
        seconds = itertools.count(1)

        def wait() -> None:
            try:
                if self._on_wait is not None:
                    self._on_wait()
            except Interrupted:
                if next(seconds) > _SECONDS_FOR_AN_ANSWER:
                    raise

        return wait

    def _send(self, connection: Connection, stored: StoredFile) -> Sent:
        accepted = {
            context.transfer_syntax: context
            for context in reversed(connection.accepted)
            if context.abstract_syntax == stored.sop_class_uid
        }
        try:
            with sendable(stored, accepted) as what:
                return self._store(connection, accepted[what.transfer_syntax_uid], stored, what)
        except NotSendable as error:
            return error.sent(stored)

    def _store(self, connection: Connection, context: Accepted, stored: StoredFile, what: Sendable) -> Sent:
        fragments = fragments_of_file(what.file, what.size, connection.fragment_bytes)
        command_set = store_request(
            connection.next_message_id(),
            stored.sop_class_uid,
            stored.sop_instance_uid,
            priority=self._priority,
            move_originator=self._move_originator,
        )
        try:
            connection.send_message(command_set, fragments, context.context_id, self._on_wait)
        except OSError as error:
            raise ConnectionLost(f"An instance cannot be read: {error.strerror}.") from error
        _, answer = connection.receive(on_wait=self._patience())
        if not isinstance(answer, C_STORE) or answer.Status is None:
            connection.abort()
            raise ConnectionLost("The machine answered something else.")
        return Sent(
            stored.sop_instance_uid,
            answer.Status,
            transcoded=what.transfer_syntax_uid != stored.transfer_syntax_uid,
            sent_bytes=what.size,
            text=error_comment(answer),
        )


def _group(instances: Sequence[StoredFile]) -> list[StoredFile]:
    """The first instances, as many as the contexts of one association suffice for."""
    pairs: set[tuple[str, str]] = set()
    classes: set[str] = set()
    group = []
    for stored in instances:
        pairs.add((stored.sop_class_uid, stored.transfer_syntax_uid))
        classes.add(stored.sop_class_uid)
        if len(pairs) + len(classes) > MAX_CONTEXTS:
            break
        group.append(stored)
    return group


def _contexts(group: Sequence[StoredFile]) -> list[Context]:
    """A context for each SOP class in each syntax that it is stored in, and one for what anybody takes."""
    pairs = dict.fromkeys((stored.sop_class_uid, stored.transfer_syntax_uid) for stored in group)
    return [*((uid, [syntax]) for uid, syntax in pairs), *_plain_contexts(pairs)]


def _plain_contexts(pairs: Iterable[tuple[str, str]]) -> Iterator[Context]:
    for uid in dict.fromkeys(uid for uid, _ in pairs):
        yield uid, PLAIN_SYNTAXES
