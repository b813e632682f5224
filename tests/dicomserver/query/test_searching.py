"""Matching over the index: each kind of key, at each level (PS3.4 C.2.2.2)."""

import time
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicomserver.query.attributes import ATTRIBUTES, Level
from dicomserver.query.criteria import ItemWith
from dicomserver.query.requests import QueryRequest
from dicomserver.query.searching import count, search
from dicomserver.query.values import BadKey, criterion_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.query.asking import ask, found, request_for

pytestmark = pytest.mark.django_db

STUDY, SERIES, INSTANCE, PATIENT = Level.STUDY, Level.SERIES, Level.INSTANCE, Level.PATIENT


def accessions(**keys: Any) -> list[str]:
    """The accession numbers of the studies that match."""
    return found(STUDY, "AccessionNumber", **keys)


@pytest.fixture
def people(take_in: TakeIn) -> None:
    """Names in several scripts, one study each."""
    for number, name in enumerate(
        [
            "Popescu^Ion",
            "Știrbu^Ana-Maria^^Dr.",
            "Козлова^Ирина",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            "Popa",
            "Müller^Jörg",
        ]
    ):
        take_in(small_ct(PatientName=name, PatientID=f"P-{number}", AccessionNumber=f"A{number}"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Popescu^Ion", ["A0"]),
        ("POPESCU^ION", ["A0"]),
        ("Popescu^Ion^^^", ["A0"]),
        ("Popescu", []),
        ("popescu*", ["A0"]),
        ("pop*", ["A0", "A4"]),
        ("po*", ["A0", "A4"]),
        ("p*", ["A0", "A4"]),
        ("*ESCU*", ["A0"]),
        ("*ion", ["A0"]),
        ("Pop?scu^*", ["A0"]),
        ("Popa^*", ["A4"]),
        ("Popa*^*", ["A4"]),
        ("Pop*^I*", ["A0"]),
        ("stirbu^ana*", ["A1"]),
        ("ŞTIRBU^ANA-MARIA^^DR.", ["A1"]),
        ("Kozlova^Irina", ["A2"]),
        ("козлова*", ["A2"]),
        ("KOZ*", ["A2"]),
        ("山田^太郎", ["A3"]),
        ("山田*", ["A3"]),
        ("*太郎", ["A3"]),
        ("やまだ*", ["A3"]),
        ("Yamada^Tarou=山田^太郎", ["A3"]),
        ("Yamada*=*=やまだ*", ["A3"]),
        ("=山田*", ["A3"]),
        ("=Yamada*", []),
        ("Tanaka*=山田*", []),
        ("muller^jorg", ["A5"]),
        ("*", ["A0", "A1", "A2", "A3", "A4", "A5"]),
        ("***", ["A0", "A1", "A2", "A3", "A4", "A5"]),
        ("?*", ["A0", "A1", "A2", "A3", "A4", "A5"]),
        ("100%_", []),
        ("%", []),
        ("==", ["A0", "A1", "A2", "A3", "A4", "A5"]),
    ],
)
def test_names_are_found_whatever_their_case_diacritics_and_script(
    people: None, name: str, expected: list[str]
) -> None:
    assert accessions(PatientName=name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ion popescu", ["A0"]),
        ("pop", ["A0", "A4"]),
        ("maria", ["A1"]),
        ("IRINA koz", ["A2"]),
        ("太郎", ["A3"]),
        ("escu", []),
        ("io po", ["A0"]),
        ("^,", ["A0", "A1", "A2", "A3", "A4", "A5"]),
        (".*", ["A0", "A1", "A2", "A3", "A4", "A5"]),
    ],
)
def test_fuzzy_matching_finds_words_by_their_beginnings(people: None, name: str, expected: list[str]) -> None:
    assert accessions(PatientName=name, fuzzy=True) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"PatientID": "P-1"}, ["A"]),
        ({"PatientID": "p-1"}, []),
        ({"PatientID": "P*"}, ["A", "B", "C"]),
        ({"PatientID": "*-2"}, ["B"]),
        ({"PatientID": "P?2"}, ["B"]),
        ({"PatientID": ["P-1", "P-2"]}, ["A", "B"]),
        ({"IssuerOfPatientID": "OTHER"}, ["C"]),
        ({"OtherPatientIDs": "2000000000007"}, ["B"]),
        ({"OtherPatientIDs": "20*7"}, ["B"]),
        ({"PatientBirthDate": "19700101"}, ["A", "C"]),
        ({"PatientBirthDate": "19800101-"}, ["B"]),
        ({"PatientSex": "F"}, ["B"]),
        ({"StudyDate": "20260102"}, ["A"]),
        ({"StudyDate": "2026.01.02"}, ["A"]),
        ({"StudyDate": "20260102-20260131"}, ["A", "B"]),
        ({"StudyDate": "-20260115"}, ["A", "B"]),
        ({"StudyDate": "20260116-"}, []),
        ({"StudyDate": "20260131-20260101"}, []),
        ({"StudyTime": "101112"}, ["A"]),
        ({"StudyTime": "10"}, ["A"]),
        ({"StudyTime": "1011-1012"}, ["A"]),
        ({"StudyTime": "-0930"}, ["B"]),
        ({"StudyTime": "093000.6-"}, ["A"]),
        ({"StudyTime": "0930"}, ["B"]),
        ({"AccessionNumber": "A"}, ["A"]),
        ({"AccessionNumber": "?"}, ["A", "B", "C"]),
        ({"StudyID": "S1"}, ["A", "B", "C"]),
        ({"StudyDescription": "torace cu contrast"}, ["B"]),
        ({"StudyDescription": "TORACE*"}, ["B"]),
        ({"StudyDescription": "*contr?st"}, ["B"]),
        ({"StudyDescription": "грудь*"}, ["C"]),
        ({"StudyDescription": "grud*"}, ["C"]),
        ({"ReferringPhysicianName": "referrer*"}, ["A", "B", "C"]),
        ({"ReferringPhysicianName": "other*"}, []),
        ({"InstitutionName": "spitalul republican"}, ["B"]),
        ({"ModalitiesInStudy": "MR"}, ["B"]),
        ({"ModalitiesInStudy": ["MR", "US"]}, ["B"]),
        ({"ModalitiesInStudy": "?T"}, ["A", "C"]),
        ({"SOPClassesInStudy": "1.2.840.10008.5.1.4.1.1.2"}, ["A", "C"]),
        ({"SOPClassesInStudy": "1.2.840.10008.5.1.4.1.1.4"}, ["B"]),
        ({"InstanceAvailability": "ONLINE"}, ["A", "B", "C"]),
        ({"InstanceAvailability": "OFFLINE"}, []),
        ({"PatientID": "P-1", "PatientSex": "F"}, []),
        ({"StudyInstanceUID": ["1.2.3", "1.2.4"]}, []),
    ],
)
def test_studies_are_matched_by_each_kind_of_key(take_in: TakeIn, keys: dict[str, Any], expected: list[str]) -> None:
    take_in(small_ct(AccessionNumber="A"))
    mr = small_ct(
        AccessionNumber="B", PatientID="P-2", PatientSex="F", PatientBirthDate="19800102", StudyDate="20260115",
        StudyTime="093000.5", StudyDescription="Toráce  cu Contrast", InstitutionName="Spitalul  Republican",
        Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4", OtherPatientIDs=["1", "2000000000007"],
    )  # fmt: skip
    take_in(mr)
    take_in(
        small_ct(
            AccessionNumber="C", PatientID="P-3", IssuerOfPatientID="OTHER", StudyDate=None, StudyTime=None,
            StudyDescription="Грудь",
        )
    )  # fmt: skip
    assert accessions(**keys) == expected


def test_dates_and_times_together_are_one_range_of_moments_where_that_is_wanted(take_in: TakeIn) -> None:
    for number, (day, hour) in enumerate(
        [("20260101", "08"), ("20260101", "20"), ("20260102", "20"), ("20260103", "08")]
    ):
        take_in(small_ct(AccessionNumber=f"A{number}", StudyDate=day, StudyTime=hour))
    keys = {"StudyDate": "20260101-20260103", "StudyTime": "1200-1000"}
    assert accessions(**keys) == []
    assert accessions(**keys, combined=True) == ["A1", "A2", "A3"]
    assert accessions(StudyDate="20260102-", StudyTime="2100-", combined=True) == ["A3"]
    assert accessions(StudyDate="20260101", StudyTime="1200-", combined=True) == ["A1"]


def test_a_patient_is_told_once_with_counts_of_all_studies(take_in: TakeIn) -> None:
    first = small_ct(PatientID="P-7")
    take_in(first)
    take_in(small_ct(PatientID="P-7", StudyInstanceUID=first.StudyInstanceUID))
    take_in(small_ct(PatientID="P-7", StudyDescription="Head"))
    take_in(small_ct(PatientID="P-7", IssuerOfPatientID="OTHER"))
    counts = [f"NumberOfPatientRelated{what}" for what in ("Studies", "Series", "Instances")]
    told = ask(PATIENT, PatientID="P-7", StudyDescription="", **dict.fromkeys(counts, ""))
    assert sorted([one.values[count_][0] for count_ in counts] for one in told) == [[1, 1, 1], [2, 3, 3]]
    assert all("StudyDescription" not in one.values for one in told)


def test_patients_without_an_id_are_told_apart_by_name_and_birth_date(take_in: TakeIn) -> None:
    for name, born in (("A^B", "19700101"), ("a^b", "19700101"), ("A^B", "19710101"), ("C^D", "19700101")):
        take_in(small_ct(PatientID=None, PatientName=name, PatientBirthDate=born))
    assert len(ask(PATIENT, PatientName="")) == 3


def test_series_and_instances_of_a_study_come_by_their_numbers(take_in: TakeIn) -> None:
    first = small_ct(SeriesNumber=10, InstanceNumber=2)
    study = first.StudyInstanceUID
    take_in(first)
    take_in(small_ct(StudyInstanceUID=study, SeriesNumber=2, InstanceNumber=None))
    take_in(small_ct(StudyInstanceUID=study, SeriesNumber=None))
    take_in(small_ct(StudyInstanceUID=study, SeriesInstanceUID=first.SeriesInstanceUID, InstanceNumber=1))
    numbers = [one.values["SeriesNumber"] for one in ask(SERIES, StudyInstanceUID=study, SeriesNumber="")]
    assert numbers == [[2], [10], []]
    told = ask(INSTANCE, StudyInstanceUID=study, SeriesNumber="", InstanceNumber="")
    assert [(one.values["SeriesNumber"], one.values["InstanceNumber"]) for one in told] == [
        ([2], []), ([10], [1]), ([10], [2]), ([], [7]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"Modality": "MR"}, [2]),
        ({"SeriesNumber": "2"}, [2]),
        ({"SeriesNumber": "+002"}, [2]),
        ({"SeriesNumber": ["1", "2"]}, [1, 2]),
        ({"SeriesDescription": "lung*"}, [2]),
        ({"ProtocolName": "torace"}, [2]),
        ({"BodyPartExamined": "CHEST"}, [2]),
        ({"StationName": "MR1"}, [2]),
        ({"SeriesDate": "20260105"}, [2]),
        ({"PerformedProcedureStepStartDate": "20260104-20260106"}, [2]),
        ({"PerformedProcedureStepStartTime": "12-13"}, [2]),
        ({"PatientName": "popescu*"}, [1, 2]),
        ({"PatientName": "nobody*"}, []),
    ],
)
def test_series_are_matched_by_each_kind_of_key(take_in: TakeIn, keys: dict[str, Any], expected: list[int]) -> None:
    first = small_ct(SeriesNumber=1)
    take_in(first)
    take_in(
        small_ct(
            StudyInstanceUID=first.StudyInstanceUID, SeriesNumber=2, Modality="MR", SeriesDescription="Lung 1 mm",
            ProtocolName="TORACE", BodyPartExamined="CHEST", StationName="MR1", SeriesDate="20260105",
            PerformedProcedureStepStartDate="20260105", PerformedProcedureStepStartTime="123456",
        )
    )  # fmt: skip
    assert found(SERIES, "SeriesNumber", **keys) == expected


def requests_of(*pairs: tuple[str | None, str | None]) -> list[Dataset]:
    """Items of a Request Attributes Sequence."""
    items = []
    for step, procedure in pairs:
        item = Dataset()
        if step is not None:
            item.ScheduledProcedureStepID = step
        if procedure is not None:
            item.RequestedProcedureID = procedure
        items.append(item)
    return items


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"RequestedProcedureID": ["RP1"]}, [1]),
        ({"RequestedProcedureID": ["RP2"]}, [1, 2]),
        ({"RequestedProcedureID": ["rp2"]}, []),
        ({"RequestedProcedureID": ["RP*"]}, [1, 2]),
        ({"RequestedProcedureID": ["R?3", "RP1"]}, [1, 2]),
        ({"ScheduledProcedureStepID": ["*"]}, [1, 2, 3]),
        ({"ScheduledProcedureStepID": ["?*"]}, [1, 2]),
        ({"ScheduledProcedureStepID": ["S1"], "RequestedProcedureID": ["RP1"]}, [1]),
        # Not of one item: S1 is of RP1.
        ({"ScheduledProcedureStepID": ["S1"], "RequestedProcedureID": ["RP2"]}, []),
        ({"ScheduledProcedureStepID": ["%"]}, []),
        ({"RequestedProcedureID": ["') OR true --"]}, []),
    ],
)
def test_series_are_matched_by_one_item_of_their_requests(
    take_in: TakeIn, keys: dict[str, list[str]], expected: list[int]
) -> None:
    first = small_ct(SeriesNumber=1, RequestAttributesSequence=requests_of(("S1", "RP1"), ("S2", "RP2")))
    same = {"StudyInstanceUID": first.StudyInstanceUID}
    take_in(first)
    take_in(small_ct(**same, SeriesNumber=2, RequestAttributesSequence=requests_of((None, "RP2"), ("S3", "RP3"))))
    take_in(small_ct(**same, SeriesNumber=3))
    sequence = ATTRIBUTES["RequestAttributesSequence"]
    wanted = [
        (one, criterion)
        for one in sequence.items
        if (criterion := criterion_of(one, keys.get(one.keyword, []))) is not None
    ]
    criteria = ((sequence, ItemWith(tuple(wanted))),) if wanted else ()
    told = frozenset({"SeriesNumber", "RequestAttributesSequence"})
    matches = list(search(QueryRequest(SERIES, criteria, told)))
    assert sorted(one.values["SeriesNumber"][0] for one in matches) == expected
    assert count(QueryRequest(SERIES, criteria)) == len(expected)
    # The same of values that are at hand.
    everything = [one.values for one in search(QueryRequest(SERIES, (), told))]
    at_hand = [
        one["SeriesNumber"][0]
        for one in everything
        if all(criterion.matches(one["RequestAttributesSequence"]) for _, criterion in criteria)
    ]
    assert sorted(at_hand) == expected


def test_instances_are_matched_by_class_number_and_size(take_in: TakeIn) -> None:
    first = take_in(small_ct(InstanceNumber=1))
    take_in(small_ct(InstanceNumber=2, Rows=2, Columns=8))
    assert found(INSTANCE, "InstanceNumber", Rows="2") == [2]
    assert found(INSTANCE, "InstanceNumber", InstanceNumber="1") == [1]
    assert found(INSTANCE, "InstanceNumber", SOPInstanceUID=first.sop_instance_uid) == [1]
    assert found(INSTANCE, "InstanceNumber", SOPClassUID="1.2.840.10008.5.1.4.1.1.2") == [1, 2]
    assert found(INSTANCE, "InstanceNumber", AvailableTransferSyntaxUID="1.2.840.10008.1.2.5") == []


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyDate", "yesterday"),
        ("StudyDate", "20261332"),
        ("StudyDate", "-"),
        ("StudyDate", ["20260101", "20260102"]),
        ("StudyTime", "25"),
        ("StudyTime", "10:61"),
        ("SeriesNumber", "one"),
        ("SeriesNumber", "1" * 20),
        ("StudyInstanceUID", "1.2.*"),
        ("StudyInstanceUID", "1.2.3; DROP TABLE index_study"),
        ("PatientName", "x" * 1025),
        ("PatientID", "a\0b"),
        ("PatientID", ["x"] * 101),
        ("NumberOfStudyRelatedInstances", "3"),
        ("RequestAttributesSequence", "RP1"),
    ],
)
def test_values_that_cannot_be_matched_are_told_without_being_repeated(keyword: str, value: Any) -> None:
    with pytest.raises(BadKey) as error:
        request_for(INSTANCE, **{keyword: value})
    assert str(error.value).startswith(f"{keyword} ")
    assert "DROP" not in str(error.value)


def test_ten_thousand_uids_are_one_question(take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    uids = [generate_uid() for _ in range(9_999)]
    study = instance.series.study.study_instance_uid
    assert found(STUDY, "StudyInstanceUID", StudyInstanceUID=[*uids, study]) == [study]


def test_hostile_wildcards_take_no_time(take_in: TakeIn) -> None:
    long = "a" * 1000
    take_in(small_ct(PatientName=f"{'a' * 60}^{'a' * 60}", StudyDescription=long, StationName="A" * 16))
    pattern = "*a" * 400 + "*b"
    begun = time.monotonic()
    for keyword in ("PatientName", "PatientID", "StudyDescription", "AccessionNumber", "OtherPatientIDs"):
        assert ask(STUDY, **{keyword: pattern}) == []
    assert ask(SERIES, StationName="?" * 1000 + "*") == []
    assert len(ask(SERIES, StationName="*?*?*?*?*?*")) == 1
    assert time.monotonic() - begun < 5


def test_wildcards_everywhere_match_everything_that_has_a_value(take_in: TakeIn) -> None:
    take_in(small_ct(StudyDescription=None))
    texts = ("PatientName", "PatientID", "AccessionNumber", "StudyID", "StudyDescription", "ReferringPhysicianName")
    assert len(ask(STUDY, **dict.fromkeys(texts, "*"))) == 1
    assert len(ask(STUDY, **dict.fromkeys(texts[:-2], "*?*"))) == 1
    assert ask(STUDY, **dict.fromkeys(texts, "?*")) == []


def test_pages_follow_each_other_without_gaps(take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAGE", "NARROW_PAGE"):
        monkeypatch.setattr(f"dicomserver.query.searching.{name}", 2)
    for number in range(5):
        take_in(small_ct(PatientID=f"P-{number}", AccessionNumber=f"A{number}", StudyTime=f"1{number // 2}"))
    everything = [one.values["StudyInstanceUID"][0] for one in ask(STUDY)]
    assert len(set(everything)) == 5
    for level in (PATIENT, SERIES, INSTANCE):
        assert len({one.pk for one in ask(level)}) == 5
    study = everything[0]
    assert len(ask(SERIES, StudyInstanceUID=everything)) == 5
    assert len(ask(INSTANCE, StudyInstanceUID=everything)) == 5
    assert len(ask(INSTANCE, StudyInstanceUID=study)) == 1
    paged = list(search(QueryRequest(STUDY, limit=3, offset=1)))
    assert [one.values["StudyInstanceUID"][0] for one in paged] == everything[1:4]
    assert (count(QueryRequest(STUDY)), count(QueryRequest(STUDY), after=4), count(QueryRequest(PATIENT))) == (5, 1, 5)


def test_a_study_that_gains_a_name_is_found_by_it(take_in: TakeIn) -> None:
    first = small_ct(PatientName=None, PatientID=None, StudyDescription=None)
    take_in(first)
    assert accessions(PatientName="popescu*") == []
    take_in(small_ct(StudyInstanceUID=first.StudyInstanceUID))
    assert accessions(PatientName="popescu*") == ["ACC1"]
    assert accessions(StudyDescription="CHEST") == ["ACC1"]
    assert len(ask(PATIENT)) == 1


def test_a_query_is_small_that_names_what_it_is_about() -> None:
    many = [f"1.2.{number}" for number in range(101)]
    small = [
        request_for(STUDY, StudyInstanceUID=many),
        request_for(SERIES, StudyInstanceUID="1.2"),
        request_for(INSTANCE, SeriesInstanceUID=many[:100]),
        request_for(INSTANCE, SOPInstanceUID=many),
    ]
    large = [
        request_for(STUDY, PatientID="P-1"),
        request_for(PATIENT, PatientID="P-1"),
        request_for(SERIES, StudyInstanceUID=many),
        request_for(INSTANCE, StudyInstanceUID=many),
    ]
    assert [one.is_narrow for one in (*small, *large)] == [True] * 4 + [False] * 4
