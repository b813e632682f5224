"""Queries of the modality worklist find what they should, and hostile ones end soon."""

import time
from typing import Any

import pytest
from pydicom.dataset import Dataset

from dicomserver.identity import Identity
from dicomserver.orders.encoding import encoded_item
from dicomserver.orders.items import KNOWN
from dicomserver.orders.matching import IdentifierRefused, Keys
from dicomserver.orders.services import apply_order
from dicomserver.orders.worklist import matching_items
from tests.dicomserver.orders.made_orders import made_order, name

pytestmark = pytest.mark.django_db


def query(step: dict[str, Any] | None = None, **keys: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in keys.items():
        setattr(ds, keyword, value)
    item = Dataset()
    for keyword, value in (step or {}).items():
        setattr(item, keyword, value)
    ds.ScheduledProcedureStepSequence = [item]
    return ds


def found(ds: Dataset, station: str = "CT_EAST") -> list[dict[str, Any]]:
    return list(matching_items(Keys(ds, KNOWN), station))


def fits(ds: Dataset) -> bool:
    return bool(found(ds))


@pytest.fixture
def order(enrolled: Identity, settings: Any) -> Any:
    settings.WORKLIST_OVERDUE_DAYS = 36_500
    order = made_order(step={"scheduled_start_date": "20261121"})
    apply_order(order)
    return order


@pytest.mark.parametrize(
    ("step", "keys", "expected"),
    [
        ({}, {}, True),
        ({"ScheduledStationAETitle": "CT_EAST"}, {}, True),
        ({"ScheduledStationAETitle": "CT_*"}, {}, True),
        ({"ScheduledStationAETitle": "CT_WEST"}, {}, False),
        ({"Modality": "CT"}, {}, True),
        ({"Modality": "MR"}, {}, False),
        ({"ScheduledProcedureStepStartDate": "20261121"}, {}, True),
        ({"ScheduledProcedureStepStartDate": "20261120"}, {}, False),
        ({"ScheduledProcedureStepStartDate": "20261120-20261122"}, {}, True),
        ({"ScheduledProcedureStepStartDate": "-20261121"}, {}, True),
        ({"ScheduledProcedureStepStartDate": "20261122-"}, {}, False),
        ({"ScheduledProcedureStepStartTime": "083000"}, {}, True),
        ({"ScheduledProcedureStepStartTime": "0830"}, {}, True),
        ({"ScheduledProcedureStepStartTime": "08"}, {}, True),
        ({"ScheduledProcedureStepStartTime": "09"}, {}, False),
        ({"ScheduledProcedureStepStartTime": "080000-090000"}, {}, True),
        ({"ScheduledProcedureStepStartTime": "0831-"}, {}, False),
        ({"ScheduledProcedureStepStartTime": "-083000.000000"}, {}, True),
        ({"ScheduledPerformingPhysicianName": "иванова*"}, {}, True),
        ({"ScheduledPerformingPhysicianName": "ivanova^olga"}, {}, True),
        ({"ScheduledPerformingPhysicianName": "Petrova*"}, {}, False),
        ({"ScheduledProcedureStepStatus": "SCHEDULED"}, {}, True),
        ({"ScheduledProcedureStepStatus": "STARTED"}, {}, False),
        ({"ScheduledProcedureStepDescription": "CT chest*"}, {}, True),
        ({}, {"PatientName": "turcanu*"}, True),
        ({}, {"PatientName": "ŢURCANU^ŞTEFAN"}, True),
        ({}, {"PatientName": "Țurc?nu^*"}, True),
        ({}, {"PatientName": "Turcanu"}, False),
        ({}, {"PatientName": "*"}, True),
        ({}, {"PatientName": "Turcanu*=*"}, True),
        ({}, {"PatientName": "=Turcanu*"}, False),
        ({}, {"StudyInstanceUID": "*"}, True),
        ({}, {"PatientBirthDate": "1962.08.31"}, True),
        ({"ScheduledProcedureStepStartDate": "*"}, {}, True),
        ({"ScheduledProcedureStepStartTime": "08:30-08:31"}, {}, True),
        ({}, {"PatientID": "2980123456786"}, True),
        ({}, {"PatientID": "29801234567?6"}, True),
        ({}, {"PatientID": "298"}, False),
        ({}, {"RequestedProcedureID": "RP-20881"}, True),
        ({}, {"StudyInstanceUID": ["1.2.3", "1.2.4"]}, False),
        ({}, {"PatientBirthDate": "19600101-19651231"}, True),
        ({}, {"PatientSex": "F"}, False),
        ({}, {"PatientWeight": "82.50"}, True),
        ({}, {"AdmissionID": "V-9911"}, True),
        ({}, {"RequestingService": "Pulmo*"}, True),
    ],
)
def test_keys_match_as_the_standard_says(
    order: Any, step: dict[str, Any], keys: dict[str, Any], expected: bool
) -> None:
    assert fits(query(step, **keys)) is expected


def test_a_code_sequence_is_a_key(order: Any) -> None:
    code = Dataset()
    code.CodeValue = "CTCHESTC"
    code.CodingSchemeDesignator = "99LOCAL"
    assert fits(query({"ScheduledProtocolCodeSequence": [code]}))
    code.CodeValue = "MRHEAD"
    assert not fits(query({"ScheduledProtocolCodeSequence": [code]}))


def test_uids_are_a_list_and_accession_numbers_are_whole(order: Any) -> None:
    assert fits(query(StudyInstanceUID=["1.2.3", order.study_instance_uid]))
    assert fits(query(AccessionNumber=order.accession_number))
    assert not fits(query(AccessionNumber=order.accession_number[:-1]))


def test_only_what_was_asked_for_is_answered(order: Any) -> None:
    (item,) = found(query({"Modality": None, "ScheduledProcedureStepID": None}, PatientName=None, AccessionNumber=None))
    keys = Keys(
        query({"Modality": None, "ScheduledProcedureStepID": None}, PatientName=None, AccessionNumber=None), KNOWN
    )
    assert keys.picked(item) == {
        "PatientName": "Țurcanu^Ștefan",
        "AccessionNumber": order.accession_number,
        "ScheduledProcedureStepSequence": [
            {"Modality": "CT", "ScheduledProcedureStepID": order.steps[0].scheduled_procedure_step_id}
        ],
    }
    assert not keys.has_unknown


def test_a_sequence_key_without_items_asks_for_all_of_it(order: Any) -> None:
    ds = query()
    ds.ScheduledProcedureStepSequence = []
    ds.RequestedProcedureCodeSequence = []
    keys = Keys(ds, KNOWN)
    picked = keys.picked(found(ds)[0])
    assert picked["RequestedProcedureCodeSequence"] == [
        {"CodeValue": "24627-2", "CodingSchemeDesignator": "LN", "CodeMeaning": "CT Chest"}
    ]
    assert picked["ScheduledProcedureStepSequence"][0]["RequestedContrastAgent"] == "Iohexol 350"


def test_a_key_that_is_not_kept_here_is_said_to_be_unknown(order: Any) -> None:
    assert Keys(query(PatientReligiousPreference=None), KNOWN).unknown == {"PatientReligiousPreference"}
    assert Keys(query({"CommentsOnTheScheduledProcedureStep": None}), KNOWN).has_unknown
    assert fits(query(PatientReligiousPreference="X"))


@pytest.mark.parametrize(
    "ds",
    [
        query({"ScheduledProcedureStepStartTime": "0830-0900-1000"}),
        query({"ScheduledProcedureStepStartTime": "-"}),
        query(PatientBirthDate="20261121-20261122-20261123"),
        query({"ScheduledProcedureStepStartDate": "20261321"}),
    ],
)
def test_a_range_that_is_none_is_refused(ds: Dataset) -> None:
    with pytest.raises(IdentifierRefused, match=r"no range of (dates|times)|is a range without ends"):
        Keys(ds, KNOWN)


def test_a_sequence_key_with_two_items_is_refused() -> None:
    ds = Dataset()
    ds.ScheduledProcedureStepSequence = [Dataset(), Dataset()]
    with pytest.raises(IdentifierRefused, match="ScheduledProcedureStepSequence has more than one item"):
        Keys(ds, KNOWN)


def test_ten_thousand_uids_are_refused() -> None:
    ds = Dataset()
    ds.StudyInstanceUID = [f"1.2.{number}" for number in range(10_000)]
    with pytest.raises(IdentifierRefused, match="StudyInstanceUID has more than 1000 values"):
        Keys(ds, KNOWN)


def test_wildcards_everywhere_end_soon(enrolled: Identity) -> None:
    apply_order(made_order(patient={"patient_id": "a" * 63 + "b"}, step={"scheduled_station_name": "a" * 16}))
    ds = query({"ScheduledStationName": "*a" * 8 + "c"}, PatientID="*a" * 31 + "*c", PatientName="*?" * 30)
    began = time.monotonic()
    assert not fits(ds)
    assert time.monotonic() - began < 5


def test_a_step_for_any_station_is_one_for_who_asks(enrolled: Identity) -> None:
    apply_order(made_order(step={"scheduled_station_ae_titles": []}))
    asked = query({"ScheduledStationAETitle": "CT_WEST"})
    assert found(asked)[0]["ScheduledProcedureStepSequence"][0]["ScheduledStationAETitle"] == ["CT_WEST"]
    plain = query({"ScheduledStationAETitle": None})
    assert found(plain, "CT_NEW")[0]["ScheduledProcedureStepSequence"][0]["ScheduledStationAETitle"] == ["CT_NEW"]


def test_a_query_without_a_station_can_be_for_the_own_one(enrolled: Identity, settings: Any) -> None:
    apply_order(made_order())
    settings.WORKLIST_BY_CALLING_STATION = True
    assert not found(query(), "CT_WEST")
    assert found(query(), "CT_EAST")
    assert found(query({"ScheduledStationAETitle": "*"}), "CT_EAST")


def test_a_cancelled_or_done_step_is_not_listed(enrolled: Identity) -> None:
    apply_order(made_order(is_cancelled=True))
    assert not fits(query())


@pytest.mark.parametrize(
    ("patient_name", "asked", "expected"),
    [
        ("Turcanu^Stefan", None, None),
        ("Turcanu^Stefan", "ISO_IR 100", "ISO_IR 100"),
        ("Țurcanu^Ștefan", None, "ISO_IR 192"),
        ("Țurcanu^Ștefan", "ISO_IR 101", "ISO_IR 192"),
        ("Ţurcanu^Ştefan", "ISO_IR 101", "ISO_IR 101"),
        ("Козлова^Анна", "ISO_IR 144", "ISO_IR 144"),
        ("Козлова^Анна", "ISO_IR 100", "ISO_IR 192"),
        ("Козлова^Анна", ["", "ISO 2022 IR 144"], ["", "ISO 2022 IR 144"]),
        ("Müller^Jürgen", ["", "ISO 2022 IR 144"], "ISO_IR 192"),
        ("Yamada^Tarou=山田^太郎", "ISO_IR 192", "ISO_IR 192"),
        ("Wang^XiaoDong=王^小东", "GB18030", "GB18030"),
        ("Turcanu^Stefan", "ISO_IR 999", None),
        ("Țurcanu^Ștefan", "ISO_IR 999", "ISO_IR 192"),
    ],
)
def test_an_answer_says_its_character_set(patient_name: str, asked: Any, expected: str | list[str] | None) -> None:
    ds = encoded_item({"PatientName": patient_name, "AccessionNumber": "A1"}, asked)
    assert ds.get("SpecificCharacterSet") == expected


def test_an_item_is_written_within_the_limits_of_its_value_representations(enrolled: Identity) -> None:
    apply_order(
        made_order(
            patient={"pregnancy_status": 2, "medical_alerts": "x" * 200, "patient_name": name("A^B", "", "C")},
            requested_procedure_description="y" * 100,
        )
    )
    ds = encoded_item(found(query())[0], None)
    assert ds.PregnancyStatus == 2
    assert len(ds.RequestedProcedureDescription) == 64
    assert str(ds.PatientName) == "A^B==C"
