"""Storage commitment over real associations: asked and told, and results of our own taken, also odd ones."""

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import F
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_ACTION, N_EVENT_REPORT

from dicomserver.access.peers import add_peer, known_peers
from dicomserver.commitment.asking import ask_to_keep
from dicomserver.commitment.models import OwnRequest, ReceivedRequest
from dicomserver.scu.commitment_data_sets import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, Reference
from tests.dicomserver.commitment.partners import CONTEXT, as_stream, information, scp_role
from tests.dicomserver.network import TakeIn, take_in
from tests.dicomserver.objects import CT, EXPLICIT, SECONDARY_CAPTURE, small_ct
from tests.dicomserver.scp.hostile import wait_for

if TYPE_CHECKING:
    from dicomserver.scp.server import ScpServer

__all__ = ["take_in"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(60)]

Told = tuple[int, Dataset]


@pytest.fixture
def port(start_scp: "Callable[..., ScpServer]") -> Iterator[int]:
    add_peer("asker", ae_title="ASKER", services=["store", "commitment"])
    add_peer("partner", ae_title="PARTNER", services=["commitment"], host="127.0.0.1", port=1)
    port = start_scp().port
    # An association does not wait while the server's own thread reads the peers: it goes by what was known before.
    known_peers.refresh()
    yield port
    known_peers.forget()


class Asker:
    """A machine with an association on which it asks and is told."""

    def __init__(self, port: int, *, ae_title: str = "ASKER", status: int = 0, roles: list[Any] | None = None) -> None:
        self.told: queue.Queue[Told] = queue.Queue()
        ae = AE(ae_title=ae_title)
        ae.add_requested_context(*CONTEXT)
        ae.add_requested_context(CT, EXPLICIT)
        self._status = status
        handlers = [(evt.EVT_N_EVENT_REPORT, self._hear)]
        self.assoc: Association = ae.associate(
            "127.0.0.1", port, ae_title="SERVER_A", evt_handlers=handlers, ext_neg=roles
        )
        assert self.assoc.is_established

    def _hear(self, event: evt.Event) -> tuple[int, None]:
        self.told.put((event.event_type, event.event_information))
        return self._status, None

    def ask(self, ds: Dataset, *, action: int = 1, instance: str = STORAGE_COMMITMENT_INSTANCE) -> int:
        status, _ = self.assoc.send_n_action(ds, action, STORAGE_COMMITMENT, instance)
        return int(status.Status)

    def hear(self, seconds: float = 10) -> Told:
        return self.told.get(timeout=seconds)


@contextmanager
def asker(port: int, **options: Any) -> Iterator[Asker]:
    one = Asker(port, **options)
    try:
        yield one
    finally:
        one.assoc.release()


def told_within(seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ReceivedRequest.objects.filter(told_at__isnull=False).exists():
            return True
        time.sleep(0.05)
    return False


def test_what_was_just_sent_is_committed_on_the_same_association(port: int) -> None:
    sent = [small_ct() for _ in range(5)]
    with asker(port) as one:
        for ds in sent:
            ds.file_meta = _file_meta(ds)
            assert one.assoc.send_c_store(ds).Status == 0
        assert one.ask(information("1.2.3", [(CT, ds.SOPInstanceUID) for ds in sent])) == 0
        event_type, told = one.hear()
        assert event_type == 1
        assert [item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence] == [
            ds.SOPInstanceUID for ds in sent
        ]
        assert "FailedSOPSequence" not in told
        assert (told.TransactionUID, told.RetrieveAETitle) == ("1.2.3", "SERVER_A")
        assert told_within(5)


def test_each_failure_has_its_reason(port: int, take_in: TakeIn) -> None:
    good, other = (take_in(small_ct()).sop_instance_uid for _ in range(2))
    with asker(port) as one:
        assert one.ask(information("1.2.3", [(CT, good), (SECONDARY_CAPTURE, other), (CT, "1.2.3.4.5")])) == 0
        event_type, told = one.hear()
    assert event_type == 2
    assert [item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence] == [good]
    failed = [(item.ReferencedSOPInstanceUID, item.FailureReason) for item in told.FailedSOPSequence]
    assert failed == [(other, 0x0119), ("1.2.3.4.5", 0x0112)]


def test_ten_thousand_instances_are_answered(port: int) -> None:
    uids = [generate_uid() for _ in range(10_000)]
    with asker(port) as one:
        assert one.ask(information("1.2.3", [(CT, uid) for uid in uids])) == 0
        event_type, told = one.hear(30)
    assert event_type == 2
    assert [item.ReferencedSOPInstanceUID for item in told.FailedSOPSequence] == uids


def test_a_peer_that_releases_at_once_is_left_to_be_called(port: int, take_in: TakeIn) -> None:
    with asker(port) as one:
        one.ask(information("1.2.3", [(CT, take_in(small_ct()).sop_instance_uid)]))
    assert not told_within(1.5)
    row = ReceivedRequest.objects.get()
    assert (row.calling_ae_title, row.called_ae_title, row.remote_address) == ("ASKER", "SERVER_A", "127.0.0.1")
    assert one.told.empty()
    # At once: nobody waits any more for the association on which it asked.
    assert wait_for(lambda: ReceivedRequest.objects.filter(next_attempt_at=F("received_at")).exists())


def test_a_peer_that_does_not_take_the_result_is_told_again_later(port: int, take_in: TakeIn) -> None:
    with asker(port, status=0x0110) as one:
        one.ask(information("1.2.3", [(CT, take_in(small_ct()).sop_instance_uid)]))
        one.hear()
        assert not told_within(1)
    row = ReceivedRequest.objects.get()
    assert row.result is not None
    assert row.next_attempt_at > row.received_at + timedelta(seconds=9)


def test_the_same_transaction_again_is_answered_and_for_other_instances_refused(port: int) -> None:
    with asker(port) as one:
        for _ in range(2):
            assert one.ask(information("1.2.3", [(CT, "1.2.3.4")])) == 0
            assert one.hear()[1].TransactionUID == "1.2.3"
        assert one.ask(information("1.2.3", [(CT, "1.2.3.5")])) == 0x0110
        assert one.ask(information("1.2.4", [(CT, "1.2.3.5")])) == 0
        assert one.hear()[1].TransactionUID == "1.2.4"
    assert ReceivedRequest.objects.count() == 2


def with_nested_garbage() -> Dataset:
    ds = information("1.2.3", [(CT, "1.2.3.4")])
    ds.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "../../etc/passwd"
    return ds


@pytest.mark.parametrize(
    ("ds", "status"),
    [
        (information("1.2.3", None), 0x0115),
        (information("1.2.3", []), 0x0115),
        (information(None, [(CT, "1.2.3.4")]), 0x0115),
        (information("", [(CT, "1.2.3.4")]), 0x0115),
        (information("1.2.3", [("", "1.2.3.4")]), 0x0115),
        (information("1.2.3", [(CT, "")]), 0x0115),
        (with_nested_garbage(), 0x0115),
    ],
)
@pytest.mark.filterwarnings("ignore:.*UI:UserWarning")
def test_a_request_that_lacks_something_is_refused(port: int, ds: Dataset, status: int) -> None:
    with asker(port) as one:
        assert one.ask(ds) == status
        assert one.ask(information("1.2.9", [(CT, "1.2.3.4")])) == 0, "and the association lives"
    assert ReceivedRequest.objects.count() == 1


def test_another_action_and_another_instance_are_refused(port: int) -> None:
    with asker(port) as one:
        ds = information("1.2.3", [(CT, "1.2.3.4")])
        assert one.ask(ds, action=2) == 0x0123
        assert one.ask(ds, instance="1.2.3") == 0x0112


@pytest.mark.parametrize("data", [b"\x00" * 7, b"\xff" * 4096, b"\x08\x00\x99\x11SQ\x00\x00\xff\xff\xff\xff"])
def test_a_data_set_that_is_none_is_refused(port: int, data: bytes) -> None:
    with asker(port) as one:
        request = N_ACTION()
        request.MessageID = 77
        request.RequestedSOPClassUID = STORAGE_COMMITMENT
        request.RequestedSOPInstanceUID = STORAGE_COMMITMENT_INSTANCE
        request.ActionTypeID = 1
        request.ActionInformation = BytesIO(data)
        assert _answer(one.assoc, request).Status in {0x0110, 0x0115, 0x0120}
    assert ReceivedRequest.objects.count() == 0


def test_a_peer_without_the_service_gets_no_context(port: int) -> None:
    add_peer("modality", ae_title="MODALITY", services=["store"])
    known_peers.refresh()
    with asker(port, ae_title="MODALITY") as one:
        assert [str(context.abstract_syntax) for context in one.assoc.accepted_contexts] == [CT]


def report(one: Asker, ds: Dataset, event_type: int = 1) -> int:
    """Tell a result as the archive that was asked does, on an association of its own."""
    request = N_EVENT_REPORT()
    request.MessageID = 5
    request.AffectedSOPClassUID = STORAGE_COMMITMENT
    request.AffectedSOPInstanceUID = STORAGE_COMMITMENT_INSTANCE
    request.EventTypeID = event_type
    request.EventInformation = as_stream(ds)
    return int(_answer(one.assoc, request).Status)


def test_a_result_is_taken_on_an_association_of_the_partner(port: int) -> None:
    partner = known_peers.current()[1]
    row = ask_to_keep(partner, [Reference(CT, "1.2.3.4")])
    with asker(port, ae_title="PARTNER", roles=[scp_role()]) as one:
        (context,) = [one for one in one.assoc.accepted_contexts if one.abstract_syntax == STORAGE_COMMITMENT]
        assert (context.as_scu, context.as_scp) == (False, True)
        good = information(row.transaction_uid, [(CT, "1.2.3.4")])
        assert report(one, good, event_type=3) == 0x0113
        assert report(one, information("1.2.3.4.5", [(CT, "1.2.3.4")])) == 0x0115
        assert report(one, information(None, [(CT, "1.2.3.4")])) == 0x0115
        assert OwnRequest.objects.get().answered_at is None
        assert report(one, good) == 0
        assert report(one, good) == 0, "twice does no harm"
    row.refresh_from_db()
    assert (row.answered_at is not None, row.committed, row.failed) == (True, 1, 0)


def test_a_result_of_another_peer_is_not_taken(port: int) -> None:
    row = ask_to_keep(known_peers.current()[1], [Reference(CT, "1.2.3.4")])
    with asker(port, roles=[scp_role()]) as one:
        assert report(one, information(row.transaction_uid, [(CT, "1.2.3.4")])) == 0x0115
    row.refresh_from_db()
    assert row.answered_at is None


def _answer(assoc: Association, request: Any) -> Any:
    """The response to a request of whatever content, in the context of storage commitment."""
    (context_id,) = [one.context_id for one in assoc.accepted_contexts if one.abstract_syntax == STORAGE_COMMITMENT]
    # As pynetdicom's own requests do: its loop must not take the answer.
    assoc._reactor_checkpoint.clear()
    try:
        assoc.dimse.send_msg(request, context_id)
        _, response = assoc.dimse.get_msg(block=True)
    finally:
        assoc._reactor_checkpoint.set()
    return response


def _file_meta(ds: Dataset) -> Any:
    from pydicom.dataset import FileMetaDataset

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = EXPLICIT
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return meta
