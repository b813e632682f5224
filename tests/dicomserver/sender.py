"""A storage SCU for tests, which sends the bytes that it is given and nothing else."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE

from tests.dicomserver.objects import EXPLICIT, Sendable


class Sender:
    """An established association."""

    def __init__(self, assoc: Association) -> None:
        self.assoc = assoc
        self._message_id = 0

    def send(self, what: Sendable) -> int:
        """Send one C-STORE-RQ; return the status of the answer."""
        status = self.exchange(self.request(what), what).Status
        assert status is not None
        return status

    def request(self, what: Sendable) -> C_STORE:
        self._message_id += 1
        request = C_STORE()
        request.MessageID = self._message_id
        request.Priority = 2
        request.AffectedSOPClassUID = what.sop_class_uid or None
        request.AffectedSOPInstanceUID = what.sop_instance_uid or None
        request.DataSet = BytesIO(what.data)
        return request

    def exchange(self, request: C_STORE, what: Sendable, timeout: float = 20) -> C_STORE:
        assoc = self.assoc
        assoc.dimse_timeout = timeout
        assoc._reactor_checkpoint.clear()
        try:
            assoc.dimse.send_msg(request, self.context_id(what))
            _, response = assoc.dimse.get_msg(block=True)
        finally:
            assoc._reactor_checkpoint.set()
        assert isinstance(response, C_STORE), "no answer"
        return response

    def context_id(self, what: Sendable) -> int:
        """The accepted context of the transfer syntax."""
        return next(
            context.context_id or 0
            for context in self.assoc.accepted_contexts
            if str(context.transfer_syntax[0]) == what.transfer_syntax_uid
            and (str(context.abstract_syntax) == what.sop_class_uid or not what.sop_class_uid)
        )


@contextmanager
def association(
    port: int, *contexts: tuple[str, str], calling: str = "MODALITY", called: str = "SERVER_A"
) -> Iterator[Association]:
    """An association with one presentation context a pair of SOP class and transfer syntax."""
    ae = AE(ae_title=calling)
    for sop_class_uid, transfer_syntax_uid in contexts:
        ae.add_requested_context(sop_class_uid, transfer_syntax_uid)
    with established(ae, port, called) as assoc:
        yield assoc


@contextmanager
def established(
    ae: AE,
    port: int,
    called: str = "SERVER_A",
    items: Sequence[Any] = (),
    evt_handlers: Sequence[Any] = (),
    tls: ssl.SSLContext | None = None,
    max_pdu: int = 16382,
) -> Iterator[Association]:
    """The association that the AE requests, with items of extended negotiation; released at the end."""
    assoc = ae.associate(
        "127.0.0.1",
        port,
        ae_title=called,
        max_pdu=max_pdu,
        ext_neg=[*items],
        evt_handlers=[*evt_handlers],
        tls_args=None if tls is None else (tls, None),
    )
    connection = assoc.dul.socket.socket if assoc.dul.socket else None
    try:
        yield assoc
    finally:
        if assoc.is_established:
            assoc.release()
        # pynetdicom leaves a connection open that the peer closed first.
        if connection is not None:
            connection.close()


@contextmanager
def sender(port: int, *objects: Sendable, calling: str = "MODALITY", called: str = "SERVER_A") -> Iterator[Sender]:
    """A sender with a context for each object."""
    contexts = {(what.sop_class_uid, what.transfer_syntax_uid) for what in objects} or {("1.2.840.10008.1.1", EXPLICIT)}
    with association(port, *sorted(contexts), calling=calling, called=called) as assoc:
        assert assoc.is_established
        yield Sender(assoc)


def send_all(port: int, *objects: Sendable) -> list[int]:
    """Send each object on one association; return the statuses."""
    with sender(port, *objects) as sending:
        return [sending.send(what) for what in objects]
