"""C-MOVE: at all levels, to machines that store, refuse, hang and are not there."""

import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_CANCEL, C_MOVE
from pytest_django.fixtures import Settings

from dicomserver.access.models import ViewingSession
from dicomserver.access.peers import add_peer
from dicomserver.index.models import Instance
from dicomserver.scu import associate
from tests.dicomserver.network import take_in  # noqa: F401 - a fixture
from tests.dicomserver.objects import CT, EXPLICIT, IMPLICIT, SECONDARY_CAPTURE, encode, small_ct, stored_data_set
from tests.dicomserver.scp.retrieval import PATIENCE, PATIENT, Holdings, holdings, keys, moved
from tests.dicomserver.scu.machines import Machine, listener_that_says, storage
from tests.dicomserver.sender import established

if TYPE_CHECKING:
    from dicomserver.archive import Archive
    from dicomserver.scp.server import ScpServer
    from tests.dicomserver.network import TakeIn

pytestmark = pytest.mark.usefixtures("transactional_db")

STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"


@pytest.fixture
def held(take_in: "TakeIn") -> Holdings:  # noqa: F811
    return holdings(take_in)


@pytest.fixture
def port(scp: "ScpServer") -> int:
    """A server, and a machine that may retrieve."""
    add_peer("pacs", ae_title="PACS", addresses=["127.0.0.1"], services=["retrieve"])
    return scp.port


def known(place: Machine, ae_title: str = "DEST", services: tuple[str, ...] = ()) -> Machine:
    """Let the server know the machine."""
    add_peer(ae_title.lower(), ae_title=ae_title, host=place.host, port=place.port, services=services)
    return place


@pytest.fixture
def destination() -> Iterator[list[Any]]:
    """A machine that stores what it is sent."""
    with storage((CT, [EXPLICIT, IMPLICIT])) as (place, received):
        known(place)
        yield received


def move_request(identifier: bytes) -> C_MOVE:
    request = C_MOVE()
    request.MessageID, request.Priority, request.AffectedSOPClassUID = 1, 0, STUDY_ROOT_MOVE
    request.MoveDestination = "DEST"
    request.Identifier = BytesIO(identifier)
    return request


def answer_to(port: int, identifier: bytes) -> C_MOVE:
    """The one answer to an identifier of these bytes."""
    contexts = [(STUDY_ROOT_MOVE, [EXPLICIT])]
    with associate(Machine(port, "SERVER_A"), contexts, ae_title="PACS", timeouts=PATIENCE) as connection:
        connection.send(move_request(identifier), connection.accepted[0].context_id)
        answer = connection.receive()[1]
        assert isinstance(answer, C_MOVE)
        return answer


LEVELS: list[tuple[str, Callable[[Holdings], Dataset], list[int]]] = [
    ("patient", lambda held: keys("PATIENT", PatientID=PATIENT), [0, 1, 2, 3]),
    ("study", lambda held: keys("STUDY", StudyInstanceUID=held.studies[0]), [0, 1, 2]),
    ("studies", lambda held: keys("STUDY", StudyInstanceUID=list(held.studies)), [0, 1, 2, 3]),
    ("series", lambda held: keys("SERIES", StudyInstanceUID=held.studies[0], SeriesInstanceUID=held.series[0]), [0, 1]),
    (
        "several series",
        lambda held: keys("SERIES", StudyInstanceUID=held.studies[0], SeriesInstanceUID=list(held.series[:2])),
        [0, 1, 2],
    ),
    (
        "image",
        lambda held: keys(
            "IMAGE",
            StudyInstanceUID=held.studies[0],
            SeriesInstanceUID=held.series[0],
            SOPInstanceUID=held.uids[1],
        ),
        [1],
    ),
    ("relational series", lambda held: keys("SERIES", SeriesInstanceUID=held.series[2]), [3]),
    ("relational images", lambda held: keys("IMAGE", SOPInstanceUID=[held.uids[3], held.uids[0]]), [0, 3]),
    (
        "contradiction",
        lambda held: keys("SERIES", StudyInstanceUID=held.studies[1], SeriesInstanceUID=held.series[0]),
        [],
    ),
    ("nothing", lambda held: keys("STUDY", StudyInstanceUID="1.2.3"), []),
    ("many UIDs", lambda held: keys("IMAGE", SOPInstanceUID=[*(f"1.2.{n}" for n in range(10_000)), held.uids[2]]), [2]),
]


@pytest.mark.parametrize(("_name", "identifier", "expected"), LEVELS, ids=[name for name, *_ in LEVELS])
def test_what_the_identifier_names_is_sent_and_nothing_else(
    port: int,
    held: Holdings,
    destination: list[Any],
    _name: str,
    identifier: Callable[[Holdings], Dataset],
    expected: list[int],
) -> None:
    answers = moved(port, identifier(held))
    assert sorted(uid for uid, *_ in destination) == sorted(held.uids[number] for number in expected)
    final = answers[-1]
    assert (final.status, final.completed, final.failed, final.warnings) == (0, len(expected), 0, 0)
    assert final.remaining is None
    assert all(one.status == 0xFF00 for one in answers[:-1])
    assert len(answers) > 1 or not expected


def test_the_data_set_is_that_of_the_archive_and_the_request_says_whose_move_it_is(
    port: int, held: Holdings, destination: list[Any], archive: "Archive"
) -> None:
    moved(port, keys("IMAGE", SOPInstanceUID=held.uids[0]))
    ((_, syntax, data, request),) = destination
    assert data == stored_data_set(archive.path_of(held.instances[0].relative_path))
    assert (str(syntax), request.MoveOriginatorApplicationEntityTitle) == (EXPLICIT, "PACS")
    assert request.MoveOriginatorMessageID == 1


BAD: list[tuple[str, Dataset, int, str]] = [
    ("unknown level", keys("EXAM", StudyInstanceUID="1.2"), 0xA900, "level must be one of STUDY, SERIES, IMAGE"),
    ("no level", keys("", StudyInstanceUID="1.2"), 0xA900, "level must be one of"),
    ("patient level in the study root", keys("PATIENT"), 0xA900, "level must be one of"),
    ("no key", keys("STUDY"), 0xA900, "The StudyInstanceUID is missing."),
    ("empty key", keys("SERIES", StudyInstanceUID="1.2", SeriesInstanceUID=""), 0xA900, "SeriesInstanceUID is missing"),
    ("wildcard", keys("STUDY", StudyInstanceUID="1.2.*"), 0xA900, "The StudyInstanceUID is no UID."),
    ("two studies above", keys("SERIES", StudyInstanceUID=["1.2", "1.3"], SeriesInstanceUID="1.4"), 0xA900, "Only one"),
]


@pytest.mark.parametrize(("_name", "identifier", "status", "words"), BAD, ids=[name for name, *_ in BAD])
def test_an_identifier_that_names_nothing_is_refused_in_words(
    port: int, held: Holdings, destination: list[Any], _name: str, identifier: Dataset, status: int, words: str
) -> None:
    answer = answer_to(port, encode(identifier))
    assert answer.Status == status
    assert words in answer.ErrorComment
    assert destination == []


def test_an_identifier_of_garbage_is_refused(port: int, destination: list[Any]) -> None:
    assert answer_to(port, b"\x08\x00\x52\x00CS\xff\xffgarbage").Status in {0xA900, 0xC000}


def test_an_unknown_destination_is_told(port: int, held: Holdings) -> None:
    (answer,) = moved(port, keys("STUDY", StudyInstanceUID=held.studies[0]), "NOBODY")
    assert (answer.status, answer.comment) == (0xA801, "No machine is known here as NOBODY.")


def test_the_server_itself_is_no_destination(port: int, held: Holdings) -> None:
    (answer,) = moved(port, keys("STUDY", StudyInstanceUID=held.studies[0]), "SERVER_A")
    assert (answer.status, answer.comment) == (0xA801, "This server is the destination, and has them already.")


def test_the_server_as_a_machine_around_itself_stores_nothing_twice(port: int, held: Holdings) -> None:
    known(Machine(port), "SERVER_A", ("store",))
    answer = moved(port, keys("STUDY", StudyInstanceUID=held.studies[0]), "SERVER_A")[-1]
    assert (answer.status, answer.completed) == (0, 3)
    assert Instance.objects.count() == 4


def test_a_machine_that_is_not_there_fails_all_and_says_why(port: int, held: Holdings) -> None:
    with storage((CT, [EXPLICIT])) as (place, _):
        pass
    known(place)
    answer = moved(port, keys("STUDY", StudyInstanceUID=held.studies[0]))[-1]
    assert (answer.status, answer.completed, answer.failed) == (0xA702, 0, 3)
    assert answer.comment == "The machine cannot be reached: connection refused."


def test_a_machine_that_hangs_fails_all_in_bounded_time(port: int, held: Holdings, settings: Settings) -> None:
    settings.DICOM_PEER_TIMEOUT_SECONDS = 1
    with listener_that_says(None) as place:
        known(place)
        answer = moved(port, keys("STUDY", StudyInstanceUID=held.studies[0]))[-1]
    assert (answer.status, answer.failed, answer.comment) == (0xA702, 3, "The machine does not answer.")


def test_what_the_machine_refuses_is_listed(port: int, held: Holdings) -> None:
    refused = held.uids[1]
    ae = AE("PACS")
    ae.add_requested_context(STUDY_ROOT_MOVE, EXPLICIT)
    with storage((CT, [EXPLICIT]), statuses={refused: 0xA700, held.uids[0]: 0xB007}) as (place, _):
        known(place)
        with established(ae, port) as assoc:
            answers = list(assoc.send_c_move(keys("STUDY", StudyInstanceUID=held.studies[0]), "DEST", STUDY_ROOT_MOVE))
    status, identifier = answers[-1]
    assert status.Status == 0xB000
    assert status.NumberOfCompletedSuboperations == 1
    assert status.NumberOfWarningSuboperations == 1
    assert status.NumberOfFailedSuboperations == 1
    assert "NumberOfRemainingSuboperations" not in status
    assert identifier.FailedSOPInstanceUIDList == refused


def test_instances_of_a_kind_that_the_machine_does_not_take_fail_alone(
    port: int,
    held: Holdings,
    destination: list[Any],
    take_in: "TakeIn",  # noqa: F811
) -> None:
    take_in(
        small_ct(
            SOPClassUID=SECONDARY_CAPTURE, PatientID=PATIENT, StudyInstanceUID=held.studies[1], SeriesInstanceUID="1.2"
        )
    )
    answer = moved(port, keys("STUDY", StudyInstanceUID=held.studies[1]))[-1]
    assert (answer.status, answer.completed, answer.failed) == (0xB000, 1, 1)


def test_a_file_that_is_gone_fails_alone(port: int, held: Holdings, destination: list[Any], archive: "Archive") -> None:
    Path(archive.path_of(held.instances[0].relative_path)).unlink()
    answer = moved(port, keys("STUDY", StudyInstanceUID=held.studies[0]))[-1]
    assert (answer.status, answer.completed, answer.failed) == (0xB000, 2, 1)


def test_cancelling_in_the_middle_ends_it(port: int, take_in: "TakeIn") -> None:  # noqa: F811
    study, series = generate_uid(), generate_uid()
    for number in range(40):
        take_in(small_ct(StudyInstanceUID=study, SeriesInstanceUID=series, InstanceNumber=number))
    slow = threading.Event()
    with storage((CT, [EXPLICIT]), delay=lambda: slow.wait(0.1)) as (place, received):
        known(place)
        with associate(
            Machine(port, "SERVER_A"), [(STUDY_ROOT_MOVE, [EXPLICIT])], ae_title="PACS", timeouts=PATIENCE
        ) as connection:
            request = move_request(encode(keys("STUDY", StudyInstanceUID=study)))
            context_id = connection.accepted[0].context_id
            connection.send(request, context_id)
            answers = [connection.receive()[1] for _ in range(2)]
            cancel = C_CANCEL()
            cancel.MessageIDBeingRespondedTo = 1
            connection.send(cancel, context_id)
            while answers[-1].Status == 0xFF00:
                answers.append(connection.receive()[1])
    final = answers[-1]
    assert final.Status == 0xFE00
    assert 0 < final.NumberOfRemainingSuboperations < 40
    assert final.NumberOfCompletedSuboperations + final.NumberOfRemainingSuboperations == 40
    assert len(received) == final.NumberOfCompletedSuboperations


def test_what_was_sent_is_noted_for_the_audit(port: int, held: Holdings, destination: list[Any]) -> None:
    moved(port, keys("PATIENT", PatientID=PATIENT))
    rows = ViewingSession.objects.order_by("pk").values_list("sub", "way", "study_instance_uid", "remote_address")
    assert set(rows) == {("dest", "c_move", study, "127.0.0.1") for study in held.studies}


def test_who_may_not_retrieve_gets_no_context(scp: "ScpServer", held: Holdings) -> None:
    ae = AE("STRANGER")
    ae.add_requested_context(STUDY_ROOT_MOVE, EXPLICIT)
    ae.add_requested_context("1.2.840.10008.1.1", IMPLICIT)
    with established(ae, scp.port) as assoc:
        assert [str(one.abstract_syntax) for one in assoc.accepted_contexts] == ["1.2.840.10008.1.1"]
