"""An association that this server requests: negotiated with pynetdicom's PDUs, served in the caller's own thread.

One thread and no reactor: what is asked is sent, what is answered is read, both in bounded time. So a machine that
hangs holds nobody longer than its time-out, and an instance of any size passes in a few hundred kilobytes of memory.
"""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from pynetdicom import _config
from pynetdicom.dimse import _RQ_TO_MESSAGE, _RSP_TO_MESSAGE
from pynetdicom.dsutils import encode
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ, A_RELEASE_RP, A_RELEASE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    A_RELEASE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
)
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AddressInformation

from dicomserver.archive.file_meta import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicomserver.scu.errors import ConnectionLost, NothingAccepted, PeerRejected, ScuError
from dicomserver.scu.fragments import COMMAND, Fragment, fragment_bytes, fragments_of, pdus_of
from dicomserver.scu.messages import KeepBy, MessageReader
from dicomserver.scu.peers import Listener, Timeouts, default_timeouts
from dicomserver.scu.transport import MAX_PDU_BYTES, Transport

Context = tuple[str, Sequence[str]]
"""An abstract syntax and the transfer syntaxes that are proposed for it, the dearest first."""

MAX_CONTEXTS: Final = 128
_RELEASE_SECONDS: Final = 5.0
_P_DATA_TF, _RELEASE_RQ, _RELEASE_RP, _ABORT = 4, 5, 6, 7


@dataclass(frozen=True, slots=True)
class Accepted:
    """A presentation context that the other machine accepted."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str


class Connection:
    """An established association."""

    def __init__(self, transport: Transport, accepted: Sequence[Accepted], maximum_pdu_bytes: int) -> None:
        self._transport = transport
        self.accepted = tuple(accepted)
        self.fragment_bytes = fragment_bytes(maximum_pdu_bytes, MAX_PDU_BYTES)
        self._message_id = 0
        self._is_over = False
        self._reader = MessageReader()

    @property
    def remote_address(self) -> str:
        """The IP address of the other machine."""
        return self._transport.remote_address

    @property
    def is_over(self) -> bool:
        """Whether the association has ended, by whomever."""
        return self._is_over

    def keep_instances(self, keep_by: KeepBy) -> None:
        """Take what the other machine stores on this association: `receive` then returns StoreReceived, too."""
        self._reader.keep_by = keep_by

    def accepted_for(self, abstract_syntax: str, transfer_syntax: str | None = None) -> Accepted | None:
        """The first context accepted for the abstract syntax, in the transfer syntax where one is named."""
        for context in self.accepted:
            if context.abstract_syntax == abstract_syntax and transfer_syntax in {None, context.transfer_syntax}:
                return context
        return None

    def next_message_id(self) -> int:
        """A Message ID that no request under way has."""
        self._message_id = self._message_id % 0xFFFF + 1
        return self._message_id

    def send(self, primitive: Any, context_id: int) -> None:
        """Send one of pynetdicom's DIMSE primitives, request or response. Raises ConnectionLost."""
        is_request = primitive.MessageIDBeingRespondedTo is None
        message = (_RQ_TO_MESSAGE if is_request else _RSP_TO_MESSAGE)[type(primitive)]()
        message.primitive_to_message(primitive)
        command_set = encode(message.command_set, True, True) or b""
        data_set = message.data_set.getvalue() if message.data_set else b""
        self.send_message(command_set, fragments_of(data_set, 0, self.fragment_bytes), context_id)

    def send_message(
        self,
        command_set: bytes,
        data_set: Iterable[Fragment],
        context_id: int,
        on_block: Callable[[], None] | None = None,
    ) -> None:
        """Send an encoded command set and the fragments of its data set; `on_block` is called between blocks of them.

        Raises ConnectionLost, and what reading the fragments raises: then the association must end, as the message is
        incomplete.
        """
        try:
            for block in pdus_of(fragments_of(command_set, COMMAND, self.fragment_bytes), context_id):
                self._transport.send(block)
            for number, block in enumerate(pdus_of(data_set, context_id)):
                if number and on_block is not None:
                    on_block()
                self._transport.send(block)
        except BaseException:
            self.abort()
            raise

    def receive(self, seconds: float | None = None, on_wait: Callable[[], None] | None = None) -> tuple[int, Any]:
        """The next message: its context ID, and one of pynetdicom's DIMSE primitives, or StoreReceived.

        Raises ConnectionLost where none comes in time, and what `on_wait` raises, which is called each second until
        then; after either the association is over.
        """
        if on_wait is not None:
            self._transport.on_wait = on_wait
        try:
            return self._message(seconds)
        except BaseException:
            self.abort()
            raise
        finally:
            if on_wait is not None:
                self._transport.on_wait = _nothing

    def has_news(self, seconds: float) -> bool:
        """Wait so long for the machine to say something, and leave the association as it is; whether it did."""
        return not self._is_over and (bool(self._reader.whole) or self._transport.has_news(seconds))

    def release(self) -> None:
        """End the association as one should; harmless where it is over."""
        if self._is_over:
            return
        with contextlib.suppress(ConnectionLost):
            self._transport.send(A_RELEASE_RQ(A_RELEASE()).encode())
            while self._transport.receive(_RELEASE_SECONDS)[0] == _P_DATA_TF:
                continue
        self._end()

    def abort(self) -> None:
        """End the association at once; harmless where it is over."""
        if self._is_over:
            return
        with contextlib.suppress(ConnectionLost):
            self._transport.send(_abort_pdu())
        self._end()

    def _end(self) -> None:
        self._is_over = True
        self._reader.discard()
        self._transport.close()

    def _message(self, seconds: float | None) -> tuple[int, Any]:
        if self._is_over:
            raise ConnectionLost("The association is over.")
        while not self._reader.whole:
            kind, pdu = self._transport.receive(seconds)
            if kind != _P_DATA_TF:
                self._told_to_end(kind)
            self._reader.take(pdu)
        return self._reader.whole.popleft()

    def _told_to_end(self, kind: int) -> None:
        if kind == _RELEASE_RQ:
            primitive = A_RELEASE()
            primitive.result = "affirmative"
            self._transport.send(A_RELEASE_RP(primitive).encode())
            self._end()
            raise ConnectionLost("The machine released the association before it had answered.")
        if kind == _ABORT:
            self._end()
            raise ConnectionLost("The machine aborted the association.")
        raise ConnectionLost("The machine answered out of order.")


@contextmanager
def associate(
    peer: Listener,
    contexts: Sequence[Context],
    *,
    ae_title: str | None = None,
    timeouts: Timeouts | None = None,
    serves: Collection[str] = (),
) -> Iterator[Connection]:
    """An association with the machine, released at the end, aborted where the block raises.

    `serves` are the abstract syntaxes in which this server is the SCP, as for C-GET's storage classes and the
    N-EVENT-REPORT of a commitment (PS3.7 D.3.3.4). Raises PeerUnreachable and PeerRejected.
    """
    connection = _requested(peer, contexts[:MAX_CONTEXTS], ae_title, timeouts or default_timeouts(), serves)
    try:
        yield connection
    except BaseException:
        connection.abort()
        raise
    connection.release()


def error_comment(answer: Any) -> str:
    """What a response says in words, empty where it says nothing."""
    return str(getattr(answer, "ErrorComment", None) or "")


def _requested(
    peer: Listener, contexts: Sequence[Context], ae_title: str | None, timeouts: Timeouts, serves: Collection[str]
) -> Connection:
    # Malformed UIDs of others are no reason to fail.
    _config.VALIDATORS["UI"] = _any_uid
    proposed = [_presentation_context(number, *context) for number, context in enumerate(contexts)]
    transport = Transport(peer, timeouts)
    try:
        request = _association_request(peer, ae_title or settings.DICOM_AE_TITLE, proposed, serves)
        transport.send(request)
        kind, pdu = transport.receive(timeouts.association)
        accepted, maximum = _answer(kind, pdu, proposed)
    except ScuError:
        transport.close()
        raise
    connection = Connection(transport, accepted, maximum)
    if not accepted:
        connection.release()
        raise NothingAccepted("it supports nothing of what was asked for.")
    return connection


def _association_request(
    peer: Listener, ae_title: str, proposed: list[PresentationContext], serves: Collection[str]
) -> bytes:
    primitive = A_ASSOCIATE()
    primitive.application_context_name = "1.2.840.10008.3.1.1.1"
    primitive.calling_ae_title = ae_title
    primitive.called_ae_title = peer.ae_title or "ANY-SCP"
    # Is not sent; pynetdicom wants to see some.
    primitive.calling_presentation_address = AddressInformation("127.0.0.1", 0)
    primitive.called_presentation_address = AddressInformation("127.0.0.1", 0)
    primitive.presentation_context_definition_list = proposed
    length = MaximumLengthNotification()
    length.maximum_length_received = MAX_PDU_BYTES
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    primitive.user_information = [length, implementation, version, *(_scp_role(uid) for uid in sorted(serves))]
    pdu: bytes = A_ASSOCIATE_RQ(primitive).encode()
    return pdu


def _scp_role(abstract_syntax: str) -> SCP_SCU_RoleSelectionNegotiation:
    role = SCP_SCU_RoleSelectionNegotiation()
    role.sop_class_uid = abstract_syntax
    role.scu_role, role.scp_role = False, True
    return role


def _answer(kind: int, pdu: bytes, proposed: list[PresentationContext]) -> tuple[list[Accepted], int]:
    """What was accepted, and the longest PDU that the machine takes. Raises PeerRejected and ConnectionLost."""
    if kind == _ABORT:
        raise PeerRejected("it aborted the association.")
    try:
        if kind == 3:
            rejection = A_ASSOCIATE_RJ()
            rejection.decode(pdu)
            refused = rejection.to_primitive()
            raise PeerRejected(f"{refused.reason_str or 'it gives no reason'}.")
        if kind != 2:
            raise ConnectionLost("The machine answers something that is no DICOM.")
        acceptance = A_ASSOCIATE_AC()
        acceptance.decode(pdu)
        primitive = acceptance.to_primitive()
        results = {context.context_id: context for context in primitive.presentation_context_definition_results_list}
        accepted = [
            Accepted(context.context_id or 0, str(context.abstract_syntax), str(result.transfer_syntax[0]))
            for context in proposed
            if (result := results.get(context.context_id)) is not None and result.result == 0 and result.transfer_syntax
        ]
        maximum = next(
            (
                item.maximum_length_received
                for item in primitive.user_information
                if isinstance(item, MaximumLengthNotification)
            ),
            0,
        )
    except ScuError:
        raise
    except Exception as error:
        raise ConnectionLost("The machine answers something that is no DICOM.") from error
    return accepted, maximum


def _presentation_context(number: int, abstract_syntax: str, transfer_syntaxes: Sequence[str]) -> PresentationContext:
    context = PresentationContext()
    context.context_id = 2 * number + 1
    context.abstract_syntax = abstract_syntax
    context.transfer_syntax = [*transfer_syntaxes]
    return context


def _abort_pdu() -> bytes:
    abort = A_ABORT_RQ()
    abort.source, abort.reason_diagnostic = 0, 0
    pdu: bytes = abort.encode()
    return pdu


def _any_uid(_value: object) -> tuple[bool, str]:
    return True, ""


def _nothing() -> None:
    return None
