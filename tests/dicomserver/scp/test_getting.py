"""C-GET: instances come on the association that asks, in the contexts that it offers."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, build_context, build_role, evt

from dicomserver.access.models import ViewingSession
from dicomserver.access.peers import add_peer
from tests.dicomserver.network import take_in  # noqa: F401 - a fixture
from tests.dicomserver.objects import CT, EXPLICIT, IMPLICIT, SECONDARY_CAPTURE, small_ct, stored_data_set
from tests.dicomserver.scp.retrieval import PATIENT, Holdings, holdings, keys
from tests.dicomserver.sender import established

if TYPE_CHECKING:
    from dicomserver.archive import Archive
    from dicomserver.scp.server import ScpServer
    from tests.dicomserver.network import TakeIn

pytestmark = pytest.mark.usefixtures("transactional_db")

PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"


@pytest.fixture
def held(take_in: "TakeIn") -> Holdings:  # noqa: F811
    return holdings(take_in)


@pytest.fixture
def port(scp: "ScpServer") -> int:
    """A server, and a machine that may retrieve."""
    add_peer("pacs", ae_title="PACS", addresses=["127.0.0.1"], services=["retrieve"])
    return scp.port


class Got:
    """What a machine got by a C-GET."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str, bytes]] = []
        self.answers: list[tuple[Dataset, Dataset | None]] = []

    @property
    def final(self) -> Dataset:
        return self.answers[-1][0]


def got(
    port: int,
    identifier: Dataset,
    root: str = STUDY_ROOT_GET,
    *,
    syntaxes: tuple[str, ...] = (EXPLICIT,),
    statuses: dict[str, int] | None = None,
    on_answer: Callable[[Any, Got], None] = lambda assoc, so_far: None,
) -> Got:
    """Ask the server for what the identifier names."""
    result = Got()

    def handle(event: evt.Event) -> int:
        uid = str(event.request.AffectedSOPInstanceUID)
        result.received.append((uid, str(event.context.transfer_syntax), event.request.DataSet.getvalue()))
        return (statuses or {}).get(uid, 0)

    ae = AE("PACS")
    ae.add_requested_context(root, IMPLICIT)
    for syntax in syntaxes:
        ae.add_requested_context(CT, syntax)
    contexts = [*ae.requested_contexts, *(build_context(CT, syntax) for syntax in syntaxes[1:])]
    assoc = ae.associate(
        "127.0.0.1",
        port,
        contexts=contexts,
        ae_title="SERVER_A",
        ext_neg=[build_role(CT, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, handle)],
    )
    connection = assoc.dul.socket.socket
    try:
        assert assoc.is_established
        for answer in assoc.send_c_get(identifier, root, msg_id=7):
            result.answers.append(answer)
            on_answer(assoc, result)
        assoc.release()
    finally:
        connection.close()
    return result


@pytest.mark.parametrize(
    ("root", "identifier", "expected"),
    [
        (PATIENT_ROOT_GET, lambda held: keys("PATIENT", PatientID=PATIENT), [0, 1, 2, 3]),
        (PATIENT_ROOT_GET, lambda held: keys("STUDY", PatientID=PATIENT, StudyInstanceUID=held.studies[1]), [3]),
        (PATIENT_ROOT_GET, lambda held: keys("STUDY", PatientID="OTHER", StudyInstanceUID=held.studies[1]), []),
        (STUDY_ROOT_GET, lambda held: keys("STUDY", StudyInstanceUID=list(held.studies)), [0, 1, 2, 3]),
        (STUDY_ROOT_GET, lambda held: keys("SERIES", SeriesInstanceUID=held.series[0]), [0, 1]),
        (STUDY_ROOT_GET, lambda held: keys("IMAGE", SOPInstanceUID=held.uids[2]), [2]),
    ],
)
def test_what_the_identifier_names_comes_byte_by_byte(
    port: int,
    held: Holdings,
    archive: "Archive",
    root: str,
    identifier: Callable[[Holdings], Dataset],
    expected: list[int],
) -> None:
    result = got(port, identifier(held), root)
    stored = {
        held.uids[number]: stored_data_set(archive.path_of(held.instances[number].relative_path)) for number in expected
    }
    assert {uid: data for uid, _, data in result.received} == stored
    assert (result.final.Status, result.final.NumberOfCompletedSuboperations) == (0, len(expected))
    assert {answer.Status for answer, _ in result.answers[:-1]} <= {0xFF00}


def test_what_the_requestor_refuses_is_listed(port: int, held: Holdings) -> None:
    refused = held.uids[1]
    result = got(port, keys("STUDY", StudyInstanceUID=held.studies[0]), statuses={refused: 0xA700})
    status, identifier = result.answers[-1]
    assert (status.Status, status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (0xB000, 2, 1)
    assert identifier is not None
    assert identifier.FailedSOPInstanceUIDList == refused


def test_kinds_without_a_context_fail(port: int, held: Holdings, take_in: "TakeIn") -> None:  # noqa: F811
    study = generate_uid()
    take_in(small_ct(SOPClassUID=SECONDARY_CAPTURE, StudyInstanceUID=study))
    result = got(port, keys("STUDY", StudyInstanceUID=study))
    assert (result.final.Status, result.final.NumberOfFailedSuboperations) == (0xA702, 1)


def test_cancelling_in_the_middle_ends_it(port: int, take_in: "TakeIn") -> None:  # noqa: F811
    import time

    study, series = generate_uid(), generate_uid()
    for number in range(60):
        take_in(small_ct(StudyInstanceUID=study, SeriesInstanceUID=series, InstanceNumber=number))

    def cancel(assoc: Any, so_far: Got) -> None:
        time.sleep(0.05)
        if len(so_far.answers) == 1:
            assoc.send_c_cancel(7, query_model=STUDY_ROOT_GET)

    result = got(port, keys("STUDY", StudyInstanceUID=study), on_answer=cancel)
    assert result.final.Status == 0xFE00
    completed, remaining = result.final.NumberOfCompletedSuboperations, result.final.NumberOfRemainingSuboperations
    assert completed + remaining == 60
    assert remaining > 0
    assert len(result.received) == completed


def test_a_bad_identifier_is_refused_in_words(port: int) -> None:
    result = got(port, keys("STUDY"))
    assert (result.final.Status, result.final.ErrorComment) == (0xA900, "The StudyInstanceUID is missing.")


def test_what_was_sent_is_noted_for_the_audit(port: int, held: Holdings) -> None:
    got(port, keys("STUDY", StudyInstanceUID=held.studies[1]))
    session = ViewingSession.objects.get()
    assert (session.sub, session.way, session.study_instance_uid) == ("PACS", "c_get", held.studies[1])


def test_without_the_service_there_is_no_context(scp: "ScpServer") -> None:
    ae = AE("STRANGER")
    ae.add_requested_context(STUDY_ROOT_GET, IMPLICIT)
    ae.add_requested_context("1.2.840.10008.1.1", IMPLICIT)
    with established(ae, scp.port) as assoc:
        assert [str(one.abstract_syntax) for one in assoc.accepted_contexts] == ["1.2.840.10008.1.1"]
