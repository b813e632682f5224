"""QIDO-RS within the token's study."""

from typing import Any

import pytest

from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.reading import WebReader, refused_events, series_path_of, study_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.portal_double import PortalDouble


@pytest.fixture
def study(take_in: TakeIn) -> Instance:
    """Two CT series of 2 and 1 instances, and one MR series."""
    first = small_ct(SeriesNumber=1, InstanceNumber=1)
    uid = first.StudyInstanceUID
    instance = take_in(first)
    take_in(small_ct(StudyInstanceUID=uid, SeriesInstanceUID=first.SeriesInstanceUID, InstanceNumber=2))
    take_in(small_ct(StudyInstanceUID=uid, SeriesNumber=2, InstanceNumber=5, SeriesDescription="Lung 1 mm"))
    take_in(small_ct(StudyInstanceUID=uid, SeriesNumber=10, Modality="MR", SeriesDescription=None))
    take_in(small_ct())
    return instance


def values(found: list[dict[str, Any]], tag: str) -> list[Any]:
    return [one[tag].get("Value", [None])[0] for one in found]


def uid_of(instance: Instance) -> str:
    return instance.series.study.study_instance_uid


def test_a_study_has_the_required_attributes(reader: WebReader, portal: PortalDouble, study: Instance) -> None:
    uid = uid_of(study)
    (found,) = reader.json(f"/dicomweb/studies?StudyInstanceUID={uid}", token=portal.token(uid))
    # PS3.18 Table 10.6.3-3, without those that no instance has.
    assert found == {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080020": {"vr": "DA", "Value": ["20260102"]},
        "00080030": {"vr": "TM", "Value": ["101112"]},
        "00080050": {"vr": "SH", "Value": ["ACC1"]},
        "00080056": {"vr": "CS", "Value": ["ONLINE"]},
        "00080061": {"vr": "CS", "Value": ["CT", "MR"]},
        "00080090": {"vr": "PN", "Value": [{"Alphabetic": "Referrer^Rita"}]},
        "00080201": {"vr": "SH"},
        "00081030": {"vr": "LO", "Value": ["Chest"]},
        "00081190": {"vr": "UR", "Value": [f"http://127.0.0.1:8042/dicomweb/studies/{uid}"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Popescu^Ion"}]},
        "00100020": {"vr": "LO", "Value": ["P-1"]},
        "00100021": {"vr": "LO", "Value": ["HOSPITAL"]},
        "00100030": {"vr": "DA", "Value": ["19700101"]},
        "00100040": {"vr": "CS", "Value": ["M"]},
        "0020000D": {"vr": "UI", "Value": [uid]},
        "00200010": {"vr": "SH", "Value": ["S1"]},
        "00201206": {"vr": "IS", "Value": [3]},
        "00201208": {"vr": "IS", "Value": [4]},
    }


def test_without_a_filter_the_tokens_study_is_all_there_is(
    reader: WebReader, portal: PortalDouble, study: Instance
) -> None:
    token = portal.token(uid_of(study))
    assert values(reader.json("/dicomweb/studies", token=token), "0020000D") == [uid_of(study)]


def test_a_search_for_another_study_is_refused_and_audited(
    reader: WebReader, portal: PortalDouble, study: Instance
) -> None:
    token = portal.token(uid_of(study))
    for query in ("StudyInstanceUID=1.2.3", "0020000D=1.2.3", f"StudyInstanceUID={uid_of(study)},1.2.3"):
        response = reader.get(f"/dicomweb/studies?{query}", token=token)
        assert (response.status_code, response.json()["code"]) == (403, "token_for_another_study")
    assert [event["study_instance_uid"] for event in refused_events()] == ["1.2.3"]


def test_series_have_the_required_attributes(reader: WebReader, study: Instance) -> None:
    found = reader.json(f"{study_path_of(study)}/series")
    assert values(found, "00200011") == [1, 2, 10]
    assert values(found, "00080060") == ["CT", "CT", "MR"]
    assert values(found, "00201209") == [2, 1, 1]
    assert values(found, "0008103E") == ["Axial", "Lung 1 mm", None]
    assert values(found, "0020000D") == [uid_of(study)] * 3
    assert values(found, "00081190")[0] == f"http://127.0.0.1:8042{series_path_of(study)}"


def test_instances_have_the_required_attributes(reader: WebReader, study: Instance) -> None:
    found = reader.json(f"{series_path_of(study)}/instances")
    assert values(found, "00200013") == [1, 2]
    assert values(found, "00080018")[0] == study.sop_instance_uid
    assert values(found, "00080016") == ["1.2.840.10008.5.1.4.1.1.2"] * 2
    assert [values(found, tag)[0] for tag in ("00280010", "00280011", "00280100")] == [4, 4, 16]
    assert len(reader.json(f"{study_path_of(study)}/instances")) == 4


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("Modality=CT", [1, 2]),
        ("00080060=MR", [10]),
        ("SeriesNumber=2", [2]),
        ("SeriesDescription=Lung*", [2]),
        ("SeriesDescription=lung*", [2]),
        ("SeriesDescription=*", [1, 2, 10]),
        ("SeriesDescription=Axia?", [1]),
        ("Modality=CT&SeriesNumber=10", []),
        ("limit=2", [1, 2]),
        ("limit=2&offset=1", [2, 10]),
        ("offset=3", []),
        ("limit=0", []),
        ("includefield=all", [1, 2, 10]),
        ("includefield=00081030&fuzzymatching=true", [1, 2, 10]),
    ],
)
def test_series_are_matched_and_paged(reader: WebReader, study: Instance, query: str, numbers: list[int]) -> None:
    response = reader.get(f"{study_path_of(study)}/series?{query}")
    assert response.status_code == (200 if numbers else 204)
    if numbers:
        assert values(response.json(), "00200011") == numbers
    else:
        assert response.content == b""


@pytest.mark.parametrize("query", ["limit=x", "limit=-1", "offset=1.5", f"Modality={'x' * 1025}", "limit=9999999999"])
def test_a_query_that_makes_no_sense_is_told(reader: WebReader, study: Instance, query: str) -> None:
    response = reader.get(f"{study_path_of(study)}/series?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("PatientName=popescu*", True),
        ("PatientName=Ionescu*", False),
        ("PatientID=P-1", True),
        ("PatientID=P-2", False),
        ("StudyDate=20260101-20260131", True),
        ("StudyDate=20260103-", False),
        ("StudyDate=-20260102", True),
        ("ModalitiesInStudy=MR", True),
        ("ModalitiesInStudy=US", False),
        ("AccessionNumber=ACC1", True),
    ],
)
def test_a_study_that_does_not_match_is_not_answered(
    reader: WebReader, portal: PortalDouble, study: Instance, query: str, is_found: bool
) -> None:
    response = reader.get(f"/dicomweb/studies?{query}", token=portal.token(uid_of(study)))
    assert response.status_code == (200 if is_found else 204)


def test_searches_are_not_kept_by_browsers(reader: WebReader, study: Instance) -> None:
    assert reader.get(f"{study_path_of(study)}/series").headers["Cache-Control"] == "private, no-store"
