"""Requests that services serve: cancelled in the middle, answered in PDUs of any size, C-STORE the other way round."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.dimse_primitives import C_FIND, C_GET, C_STORE, N_ACTION, N_EVENT_REPORT
from pynetdicom.presentation import PresentationContext

from dicomserver.access.peers import add_peer
from dicomserver.scp.server import ScpServer
from dicomserver.scp.serving import (
    AssociationEnded,
    NodeAssociation,
    NoResponse,
    Service,
    Unreadable,
    decoded,
    encoded,
    response_to,
)
from fuzz import pdus
from tests.dicomserver.objects import CT, IMPLICIT, encode, small_ct
from tests.dicomserver.scp.hostile import Peer
from tests.dicomserver.scp.test_negotiation import COMMITMENT, FIND, GET
from tests.dicomserver.sender import established

pytestmark = pytest.mark.usefixtures("transactional_db")


class Finding:
    """Finds what the identifier says, for as long as nobody cancels."""

    def __init__(self) -> None:
        self.peers: list[Any] = []
        self.errors: list[type[Exception]] = []
        self.began, self.ended = threading.Event(), threading.Event()

    def serve(self, assoc: NodeAssociation, request: C_FIND, context: PresentationContext) -> None:
        """PatientName says what happens."""
        self.began.set()
        self.peers.append(assoc.peer)
        try:
            self._serve(assoc, request, context)
        except (AssociationEnded, Unreadable) as error:
            self.errors.append(type(error))
            raise
        finally:
            self.ended.set()

    def _serve(self, assoc: NodeAssociation, request: C_FIND, context: PresentationContext) -> None:
        what = str(decoded(request.Identifier, context).PatientName)
        if what == "FAIL":
            raise RuntimeError("unexpected")
        assert request.MessageID
        found, most = 0, 1_000_000 if what in ("ENDLESS", "FLOOD") else 3
        while found < most and not assoc.is_cancelled(request.MessageID):
            ds = Dataset()
            ds.PatientName, ds.PatientID = "X" * 20_000 if what in ("LONG", "FLOOD") else what, str(found)
            response = response_to(request, 0xFF00)
            response.Identifier = encoded(ds, context)
            assoc.send(response, context.context_id or 0)
            found += 1
        assoc.send(response_to(request, 0xFE00 if found == most > 3 or found < most else 0), context.context_id or 0)


def get(assoc: NodeAssociation, request: C_GET, context: PresentationContext) -> None:
    """Sends one instance to the peer itself, its data set piece by piece, and then says how it went."""
    storage = next(one for one in assoc.accepted_contexts if one.as_scu)
    ds = small_ct()
    data = encode(ds, str(storage.transfer_syntax[0]))
    store = C_STORE()
    store.MessageID, store.Priority = 77, 2
    store.AffectedSOPClassUID, store.AffectedSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    assoc.send(store, storage.context_id or 0, [data[:100], memoryview(data)[100:]])
    response = response_to(request, 0)
    try:
        answer = assoc.receive_response(77, 1 if decoded(request.Identifier, context).PatientID == "LATE" else 10)
        response.NumberOfCompletedSuboperations = int(answer.Status == 0)
        response.NumberOfFailedSuboperations = int(answer.Status != 0)
    except NoResponse:
        response.NumberOfFailedSuboperations = 9
    assoc.send(response, context.context_id or 0)


def commitment(assoc: NodeAssociation, request: Any, context: PresentationContext) -> None:
    """Answers requests of either role."""
    assoc.send(response_to(request, 0), context.context_id or 0)


@pytest.fixture
def finding() -> Finding:
    return Finding()


@pytest.fixture
def port(start_scp: Callable[..., ScpServer], finding: Finding) -> int:
    """A server with three made-up services, and a peer of the test's machine that may use them."""
    services = (
        Service("query", frozenset({FIND}), (C_FIND,), finding.serve),
        Service("retrieve", frozenset({GET}), (C_GET,), get),
        Service("commitment", frozenset({COMMITMENT}), (N_ACTION, N_EVENT_REPORT), commitment, as_scu=True),
    )
    server = start_scp(services=services)
    add_peer("pacs", ae_title="PACS", addresses=["127.0.0.1"], services=["store", "query", "retrieve", "commitment"])
    return server.port


def entity(*uids: str) -> AE:
    ae = AE(ae_title="PACS")
    ae.requested_contexts = [build_context(uid, [IMPLICIT]) for uid in uids]
    return ae


def identifier(name: str) -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel, ds.PatientName, ds.PatientID = "STUDY", name, name
    return ds


def statuses(responses: Iterator[tuple[Dataset, Dataset | None]]) -> list[int]:
    return [status.Status if "Status" in status else -1 for status, _ in responses]


def test_a_request_is_served_with_who_asks(port: int, finding: Finding) -> None:
    with established(entity(FIND), port) as assoc:
        found = list(assoc.send_c_find(identifier("A"), FIND))
    assert [status.Status for status, _ in found] == [0xFF00, 0xFF00, 0xFF00, 0]
    assert [ds.PatientID for _, ds in found if ds is not None] == ["0", "1", "2"]
    (peer,) = finding.peers
    assert (peer.calling_ae_title, peer.called_ae_title, peer.address) == ("PACS", "SERVER_A", "127.0.0.1")
    assert peer.services == {"store", "query", "retrieve", "commitment"}


def test_a_cancelled_request_ends_and_the_next_one_of_the_same_number_does_not(port: int) -> None:
    with established(entity(FIND), port) as assoc:
        answers = assoc.send_c_find(identifier("ENDLESS"), FIND, msg_id=7)
        assert [next(answers)[0].Status for _ in range(3)] == [0xFF00] * 3
        assoc.send_c_cancel(7, query_model=FIND)
        rest = statuses(answers)
        assert rest[-1] == 0xFE00
        assert set(rest[:-1]) <= {0xFF00}
        # It comes too late, and is for nobody.
        assoc.send_c_cancel(7, query_model=FIND)
        assert statuses(assoc.send_c_find(identifier("A"), FIND, msg_id=7)) == [0xFF00, 0xFF00, 0xFF00, 0]


@pytest.mark.parametrize("way", ["abort", "hang up"])
def test_a_peer_that_goes_ends_what_was_served_for_it(port: int, finding: Finding, way: str) -> None:
    with established(entity(FIND), port) as assoc:
        answers = assoc.send_c_find(identifier("ENDLESS"), FIND)
        next(answers)
        if way == "abort":
            assoc.abort()
        else:
            assert assoc.dul.socket
            # Not closed: then pynetdicom itself may not notice, and wait for the answer to its release.
            assert assoc.dul.socket.socket
            assoc.dul.socket.socket.shutdown(socket.SHUT_RDWR)
        assert finding.ended.wait(10)


@pytest.mark.parametrize("maximum_length", [0, 134, 4096, 16384, 2**31])
def test_what_is_sent_fits_what_the_peer_takes(port: int, maximum_length: int) -> None:
    longest: list[int] = []

    def note(event: evt.Event) -> None:
        # Type, reserved byte and length are no part of what is limited (PS3.8 D.1).
        longest.append(len(event.data) - 6)

    handlers = [(evt.EVT_DATA_RECV, note)]
    with established(entity(FIND), port, evt_handlers=handlers, max_pdu=maximum_length) as assoc:
        found = [ds for _, ds in assoc.send_c_find(identifier("LONG"), FIND) if ds is not None]
    assert [len(str(ds.PatientName)) for ds in found] == [20_000] * 3
    if maximum_length in (134, 4096, 16384):
        assert max(longest[1:]) <= maximum_length
        assert max(longest[1:]) > maximum_length - 20


@pytest.mark.parametrize(("patient_id", "status", "expected"), [("A", 0, (1, 0)), ("A", 0xA700, (0, 1))])
def test_the_answer_to_a_sub_operation_reaches_who_waits_for_it(
    port: int, patient_id: str, status: int, expected: tuple[int, int]
) -> None:
    got: list[Dataset] = []

    def keep(event: evt.Event) -> int:
        got.append(event.dataset)
        return status

    items = [build_role(CT, scp_role=True)]
    with established(entity(GET, CT), port, items=items, evt_handlers=[(evt.EVT_C_STORE, keep)]) as assoc:
        ((answer, _),) = list(assoc.send_c_get(identifier(patient_id), GET))
    assert (answer.NumberOfCompletedSuboperations, answer.NumberOfFailedSuboperations) == expected
    assert [bytes(ds.PixelData) for ds in got] == [bytes(small_ct().PixelData)]


def test_a_peer_that_does_not_answer_a_sub_operation_is_not_waited_for_longer(port: int) -> None:
    def late(_event: evt.Event) -> int:
        time.sleep(1.5)
        return 0

    items = [build_role(CT, scp_role=True)]
    with established(entity(GET, CT), port, items=items, evt_handlers=[(evt.EVT_C_STORE, late)]) as assoc:
        ((answer, _),) = list(assoc.send_c_get(identifier("LATE"), GET))
        assert answer.NumberOfFailedSuboperations == 9
        # What came late is no answer to the next one.
        ((answer, _),) = list(assoc.send_c_get(identifier("A"), GET))
        assert answer.NumberOfCompletedSuboperations == 1


def test_both_roles_of_one_class_are_served_on_one_association(port: int) -> None:
    information = Dataset()
    information.TransactionUID = "1.2.3"
    items = [build_role(COMMITMENT, scu_role=True, scp_role=True)]
    with established(entity(COMMITMENT), port, items=items) as assoc:
        for _ in range(3):
            asked, _ = assoc.send_n_action(information, 1, COMMITMENT, "1.2.840.10008.1.20.1.1")
            told, _ = assoc.send_n_event_report(information, 1, COMMITMENT, "1.2.840.10008.1.20.1.1")
            assert (asked.Status, told.Status) == (0, 0)


def test_a_service_that_fails_ends_the_association_and_no_more(port: int, finding: Finding) -> None:
    with established(entity(FIND), port) as assoc:
        assert statuses(assoc.send_c_find(identifier("FAIL"), FIND)) == [-1]
    with established(entity(FIND), port) as assoc:
        assert statuses(assoc.send_c_find(identifier("A"), FIND))[-1] == 0


def test_a_request_that_is_none_of_the_service_is_refused_with_the_right_status(port: int) -> None:
    with established(entity(FIND, GET), port) as assoc:
        find = next(context for context in assoc.accepted_contexts if context.abstract_syntax == FIND)
        for request, model, data, status in (
            (C_GET(), GET, b"\x10\0\x10\0\2\0\0\0A ", 0x0211),
            (C_FIND(), GET, b"\x10\0\x10\0\2\0\0\0A ", 0x0122),
            (C_FIND(), FIND, None, 0xA900),
        ):
            assoc._reactor_checkpoint.clear()
            request.MessageID, request.AffectedSOPClassUID, request.Priority = 1, model, 2
            request.Identifier = BytesIO(data) if data else None
            assoc.dimse.send_msg(request, find.context_id or 0)
            _, answer = assoc.dimse.get_msg(block=True)
            assoc._reactor_checkpoint.set()
            assert answer is not None
            assert answer.Status == status


@pytest.mark.parametrize(
    "data", [b"\x10\0\x10", b"\x10\0\x10\0\xff\xff\0\0A", b"\x08\0\x05\0\xff\xff\xff\xff" + b"\0" * 9]
)
def test_a_data_set_that_cannot_be_read_is_said_to_be_so(data: bytes) -> None:
    context = build_context(FIND, [IMPLICIT])
    try:
        ds = decoded(BytesIO(data), context)
    except Unreadable:
        return
    assert len(ds) <= 1


def test_a_peer_that_does_not_read_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch, start_scp: Callable[..., ScpServer], finding: Finding
) -> None:
    monkeypatch.setattr("dicomserver.scp.server.NETWORK_TIMEOUT_SECONDS", 1)
    port = start_scp(services=(Service("query", frozenset({FIND}), (C_FIND,), finding.serve),)).port
    add_peer("pacs", ae_title="PACS", services=["query"])
    with Peer(port) as peer:
        assert peer.associate(pdus.associate_request([(FIND, [IMPLICIT])], calling="PACS")) == pdus.ASSOCIATE_AC
        command = pdus.command_set(
            pdus.command_element(0x0002, FIND.encode() + b"\0"),
            pdus.command_element(0x0100, b"\x20\0"),
            pdus.command_element(0x0110, b"\1\0"),
            pdus.command_element(0x0700, b"\0\0"),
            pdus.command_element(0x0800, b"\1\0"),
        )
        asked = b"\x10\0\x10\0\x06\0\0\0FLOOD "
        peer.send(pdus.p_data(pdus.fragment(command, is_command=True)), pdus.p_data(pdus.fragment(asked)))
        assert finding.began.wait(10)
        assert finding.ended.wait(20)
    assert finding.errors == [AssociationEnded]


def test_an_echo_is_answered_at_once(port: int) -> None:
    with established(entity("1.2.840.10008.1.1"), port) as assoc:
        began = time.monotonic()
        for _ in range(20):
            assert assoc.send_c_echo().Status == 0
        # Each would take a second if it were found when somebody looks.
        assert time.monotonic() - began < 15
