"""QIDO-RS for machines: all that the server holds, at every path (PS3.18 10.6)."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pytest_django.fixtures import Settings

from dicomserver.access.peers import add_peer, known_peers
from dicomserver.identity import Identity
from dicomserver.query.requests import QueryTooLong
from tests.dicomserver.dicomweb.reading import WebReader, refused_events
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.portal_double import PortalDouble

pytestmark = pytest.mark.django_db(transaction=True)

STUDIES, SERIES, INSTANCES = "/dicomweb/studies", "/dicomweb/series", "/dicomweb/instances"


class Machine:
    """Searches with the token of a peer."""

    def __init__(self, *services: str) -> None:
        self.token = str(add_peer("workstation", has_token=True, services=list(services)).token)
        known_peers.forget()

    def get(self, path: str, **parameters: Any) -> Any:
        query = urlencode(parameters, doseq=True)
        return Client().get(f"{path}?{query}", headers={"Authorization": f"Bearer {self.token}"})


@pytest.fixture
def machine(enrolled: Identity) -> Machine:
    return Machine("query")


@pytest.fixture
def uids(take_in: TakeIn) -> tuple[str, str]:
    """Two studies: a CT of two series with three instances, and an MR of another patient."""
    first = small_ct(SeriesNumber=1, InstanceNumber=1, AccessionNumber="A1")
    take_in(first)
    same = {"StudyInstanceUID": first.StudyInstanceUID, "AccessionNumber": "A1"}
    take_in(small_ct(**same, SeriesInstanceUID=first.SeriesInstanceUID, SeriesNumber=1, InstanceNumber=2))
    take_in(small_ct(**same, SeriesNumber=2, InstanceNumber=3, SeriesDescription="Lung"))
    take_in(
        small_ct(
            AccessionNumber="A2", Modality="MR", SeriesNumber=4, InstanceNumber=4, PatientName="Știrbu^Ana",
            PatientID="P-2", StudyDate="20260202", PatientComments="Calm",
        )
    )  # fmt: skip
    return str(first.StudyInstanceUID), str(first.SeriesInstanceUID)


def values(response: Any, tag: str) -> list[Any]:
    assert response.status_code == 200, response.content
    return [one[tag].get("Value", [None])[0] for one in response.json()]


def test_every_path_searches_what_its_name_says(machine: Machine, uids: tuple[str, str]) -> None:
    study, series = uids
    assert sorted(values(machine.get(STUDIES), "00080050")) == ["A1", "A2"]
    assert sorted(values(machine.get(SERIES), "00200011")) == [1, 2, 4]
    assert sorted(values(machine.get(INSTANCES), "00200013")) == [1, 2, 3, 4]
    assert values(machine.get(f"{STUDIES}/{study}/series"), "00200011") == [1, 2]
    assert values(machine.get(f"{STUDIES}/{study}/instances"), "00200013") == [1, 2, 3]
    assert values(machine.get(f"{STUDIES}/{study}/series/{series}/instances"), "00200013") == [1, 2]
    assert machine.get(f"{STUDIES}/1.2.3/series").status_code == 204


def test_the_newest_study_comes_first(machine: Machine, uids: tuple[str, str]) -> None:
    assert values(machine.get(STUDIES), "00080050") == ["A2", "A1"]


def test_what_an_address_does_not_name_is_told_too(machine: Machine, uids: tuple[str, str]) -> None:
    study, series = uids
    (one,) = machine.get(SERIES, Modality="MR").json()
    assert one["00080050"] == {"vr": "SH", "Value": ["A2"]}
    assert one["00081190"]["Value"][0].endswith(f"/series/{one['0020000E']['Value'][0]}")
    (one,) = machine.get(INSTANCES, InstanceNumber=4).json()
    assert (one["00080050"]["Value"], one["00200011"]["Value"]) == (["A2"], [4])
    one, *_ = machine.get(f"{STUDIES}/{study}/instances").json()
    assert "00080050" not in one
    assert one["00200011"]["Value"] == [1]
    one, *_ = machine.get(f"{STUDIES}/{study}/series/{series}/instances").json()
    assert "00200011" not in one


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"PatientName": "STIRBU^ANA"}, ["A2"]),
        ({"PatientName": "ana", "fuzzymatching": "true"}, ["A2"]),
        ({"PatientName": "ana", "fuzzymatching": "false"}, []),
        ({"00100010": "popescu*"}, ["A1"]),
        ({"PatientID": ""}, ["A2", "A1"]),
        ({"ModalitiesInStudy": "MR,US"}, ["A2"]),
        ({"ModalitiesInStudy": "CT\\MR"}, ["A2", "A1"]),
        ({"ModalitiesInStudy": ["CT", "MR"]}, ["A2", "A1"]),
        ({"StudyDate": "20260102-20260131"}, ["A1"]),
        ({"StudyDate": "20260101-20260102", "StudyTime": "1200-1000"}, []),
        ({"StudyDate": "20260101-20260102", "StudyTime": "1200-1100"}, ["A1"]),
        ({"NumberOfStudyRelatedInstances": ""}, ["A2", "A1"]),
        ({"StudyInstanceUID": "1.2.3"}, []),
    ],
)
def test_studies_are_matched(
    machine: Machine, uids: tuple[str, str], parameters: dict[str, Any], expected: list[str]
) -> None:
    response = machine.get(STUDIES, **parameters)
    assert response.status_code == (200 if expected else 204)
    assert (values(response, "00080050") if expected else []) == expected


def test_studies_are_named_by_lists_of_uids(machine: Machine, uids: tuple[str, str]) -> None:
    for separator in (",", "\\"):
        assert values(machine.get(STUDIES, StudyInstanceUID=f"1.2.3{separator}{uids[0]}"), "00080050") == ["A1"]
    many = ",".join([uids[0], *(generate_uid() for _ in range(10_000))])
    assert values(machine.get(STUDIES, StudyInstanceUID=many), "00080050") == ["A1"]


def test_a_key_that_contradicts_the_address_matches_nothing(machine: Machine, uids: tuple[str, str]) -> None:
    response = machine.get(f"{STUDIES}/{uids[0]}/series", StudyInstanceUID="1.2.3")
    assert (response.status_code, response.content) == (204, b"")


def test_included_fields_are_told(machine: Machine, uids: tuple[str, str]) -> None:
    (one,) = machine.get(STUDIES, PatientID="P-2").json()
    assert not {"00080062", "00080080", "00101000", "00201200"} & set(one)
    (one,) = machine.get(STUDIES, PatientID="P-2", includefield="SOPClassesInStudy,00201200").json()
    assert one["00080062"]["Value"] == ["1.2.840.10008.5.1.4.1.1.2"]
    assert one["00201200"]["Value"] == [1]
    (one,) = machine.get(STUDIES, PatientID="P-2", includefield=["InstitutionName", "OtherPatientIDs"]).json()
    assert (one["00080080"], one["00101000"]) == ({"vr": "LO"}, {"vr": "LO"})
    (everything,) = machine.get(STUDIES, PatientID="P-2", includefield="all").json()
    assert {"00080062", "00080080", "00101000", "00201200"} <= set(everything)


def test_of_instances_more_is_told_than_the_index_knows(machine: Machine, uids: tuple[str, str]) -> None:
    (one,) = machine.get(INSTANCES, InstanceNumber=4, includefield="PatientComments").json()
    assert one["00104000"] == {"vr": "LT", "Value": ["Calm"]}
    assert "00280101" not in one
    (one,) = machine.get(INSTANCES, InstanceNumber=4, includefield="all").json()
    assert (one["00104000"]["Value"], one["00280101"]["Value"]) == (["Calm"], [12])
    assert "7FE00010" not in one


def test_pages_tell_how_many_more_there_are(machine: Machine, uids: tuple[str, str], settings: Settings) -> None:
    warning = '299 http://127.0.0.1:8042/dicomweb "There are {} additional results that can be requested"'
    first = machine.get(INSTANCES, limit=3)
    assert (len(first.json()), first.headers["Warning"]) == (3, warning.format(1))
    last = machine.get(INSTANCES, limit=3, offset=3)
    assert (len(last.json()), last.headers.get("Warning")) == (1, None)
    assert not {one["00080018"]["Value"][0] for one in first.json()} & {
        one["00080018"]["Value"][0] for one in last.json()
    }
    assert machine.get(INSTANCES, offset=4).status_code == 204
    nothing = machine.get(INSTANCES, limit=0)
    assert (nothing.status_code, nothing.headers["Warning"]) == (204, warning.format(4))
    settings.QUERY_MAXIMUM_RESULTS = 2
    bounded = machine.get(INSTANCES)
    assert (len(bounded.json()), bounded.headers["Warning"]) == (2, warning.format(2))
    assert len(machine.get(f"{STUDIES}/{uids[0]}/instances").json()) == 3


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"NoSuchKeyword": "1"}, "NoSuchKeyword is no attribute of DICOM, and no other parameter of a search."),
        ({"patientname": "x"}, "patientname is no attribute"),
        ({"PatientWeight": "70"}, "PatientWeight is not matched in a search for studies."),
        ({"Modality": "CT"}, "Modality is not matched in a search for studies."),
        ({"RequestAttributesSequence.ScheduledProcedureStepID": "1"}, "lies within a sequence"),
        ({"00400275.00400009": "1"}, "lies within a sequence"),
        ({"NumberOfStudyRelatedSeries": "2"}, "NumberOfStudyRelatedSeries cannot be matched here, only answered."),
        ({"includefield": "NoSuchKeyword"}, "includefield: NoSuchKeyword is no attribute of DICOM."),
        ({"StudyDate": "January"}, "StudyDate is no date (YYYYMMDD) and no range of dates."),
        ({"StudyInstanceUID": "x"}, "StudyInstanceUID has a value that is no UID."),
        ({"PatientName": "a" * 2000}, "PatientName has a value that is too long."),
        ({"fuzzymatching": "perhaps"}, "fuzzymatching is true or false."),
        ({"limit": ["1", "2"]}, "limit is given more than once."),
        ({"limit": "-1"}, "limit is a number from 0."),
        ({"PatientID": "a\0b"}, "PatientID has a value with a character that no text has."),
    ],
)
def test_what_cannot_be_searched_is_told(machine: Machine, parameters: dict[str, Any], said: str) -> None:
    response = machine.get(STUDIES, **parameters)
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")
    assert said in response.json()["detail"]


@pytest.fixture
def requested(take_in: TakeIn) -> str:
    """A study with a series of request RP1, step S1, and a series of no request; its UID."""
    item = Dataset()
    item.ScheduledProcedureStepID, item.RequestedProcedureID, item.RequestedProcedureDescription = "S1", "RP1", "Chest"
    first = small_ct(SeriesNumber=1, RequestAttributesSequence=[item])
    take_in(first)
    take_in(small_ct(StudyInstanceUID=first.StudyInstanceUID, SeriesNumber=2))
    return str(first.StudyInstanceUID)


REQUEST = {"00400009": {"vr": "SH", "Value": ["S1"]}, "00401001": {"vr": "SH", "Value": ["RP1"]}}


def test_series_tell_which_requests_they_answer(machine: Machine, requested: str) -> None:
    for path in (SERIES, f"{STUDIES}/{requested}/series"):
        for parameters in ({}, {"includefield": "RequestAttributesSequence"}, {"includefield": "all"}):
            told = {one["00200011"]["Value"][0]: one["00400275"] for one in machine.get(path, **parameters).json()}
            assert told == {1: {"vr": "SQ", "Value": [REQUEST]}, 2: {"vr": "SQ"}}
    (study,) = machine.get(STUDIES, includefield="all").json()
    assert "00400275" not in study


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"RequestAttributesSequence.RequestedProcedureID": "RP1"}, [1]),
        ({"00400275.00401001": "RP1"}, [1]),
        ({"00400275.ScheduledProcedureStepID": "S*"}, [1]),
        ({"00400275.00401001": "RP1", "RequestAttributesSequence.ScheduledProcedureStepID": "S1"}, [1]),
        ({"00400275.00401001": "RP1", "00400275.00400009": "S2"}, []),
        ({"00400275.00401001": "RP2"}, []),
        ({"00400275.00401001": "RP2\\RP1"}, [1]),
        ({"00400275.00401001": ""}, [1, 2]),
        ({"RequestAttributesSequence": ""}, [1, 2]),
    ],
)
def test_series_are_found_by_their_requests(
    machine: Machine, requested: str, parameters: dict[str, Any], expected: list[int]
) -> None:
    for path in (SERIES, f"{STUDIES}/{requested}/series"):
        response = machine.get(path, **parameters)
        assert response.status_code == (200 if expected else 204)
        assert (sorted(values(response, "00200011")) if expected else []) == expected


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"RequestAttributesSequence.AccessionNumber": "1"}, "lies within a sequence"),
        ({"ReferencedSeriesSequence.SeriesInstanceUID": "1"}, "lies within a sequence"),
        ({"00400275.00401001.00401001": "1"}, "lies within a sequence"),
        ({"RequestAttributesSequence.": "1"}, "lies within a sequence"),
        ({"RequestAttributesSequence.NoSuchKeyword": "1"}, "is no attribute of DICOM"),
        ({"RequestAttributesSequence": "RP1"}, "is a sequence; give a value of an attribute within it."),
        ({"RequestedProcedureID": "RP1"}, "RequestedProcedureID is not matched in a search for series."),
        ({"00400275.00401001": "a\0b"}, "RequestedProcedureID has a value with a character that no text has."),
        ({"00400275.00401001": "a" * 2000}, "RequestedProcedureID has a value that is too long."),
    ],
)
def test_other_sequences_are_not_searched(machine: Machine, parameters: dict[str, Any], said: str) -> None:
    response = machine.get(SERIES, **parameters)
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")
    assert said in response.json()["detail"]


def test_an_instance_tells_its_own_requests_where_they_are_asked_for(machine: Machine, requested: str) -> None:
    (one,) = machine.get(INSTANCES, SeriesNumber=1).json()
    assert one["00400275"]["Value"] == [REQUEST]
    for field in ("RequestAttributesSequence", "all"):
        (one,) = machine.get(INSTANCES, SeriesNumber=1, includefield=field).json()
        assert one["00400275"]["Value"] == [REQUEST | {"00321060": {"vr": "LO", "Value": ["Chest"]}}]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/dicom+json", 204),
        ("application/json", 204),
        ("*/*", 204),
        ("application/dicom+xml", 406),
        ("text/html", 406),
    ],
)
def test_only_json_is_answered(machine: Machine, accept: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {machine.token}", "Accept": accept}
    for path in (STUDIES, SERIES, INSTANCES):
        assert Client().get(path, headers=headers).status_code == status


def test_a_search_that_takes_too_long_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(*_: object) -> None:
        raise QueryTooLong

    monkeypatch.setattr("dicomserver.dicomweb.views.search.answer", too_long)
    response = machine.get(STUDIES)
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_without_the_service_nothing_is_found(enrolled: Identity, uids: tuple[str, str]) -> None:
    machine = Machine("store", "retrieve")
    for path in (STUDIES, SERIES, INSTANCES, f"{STUDIES}/{uids[0]}/series"):
        assert machine.get(path).status_code == 403


def test_a_viewer_token_searches_its_own_study_alone(
    reader: WebReader, portal: PortalDouble, uids: tuple[str, str]
) -> None:
    token = portal.token(uids[0])
    assert len(reader.json(SERIES, token=token)) == 2
    assert len(reader.json(INSTANCES, token=token)) == 3
    (one,) = reader.json(f"{STUDIES}?includefield=all", token=token)
    assert "00201200" not in one
    assert reader.get(f"{SERIES}?StudyInstanceUID=1.2.3", token=token).status_code == 403
    assert [event["study_instance_uid"] for event in refused_events()] == ["1.2.3"]
