"""What the server sends is what the wire's golden examples show."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import wire
from dicomserver.index.models import Instance, Origin, Series, Study
from dicomserver.outbox.reports import build_study_report

SAME_IN_BOTH = (
    "study_instance_uid",
    "study_date",
    "study_time",
    "timezone_offset_from_utc",
    "accession_number",
    "study_id",
    "study_description",
    "referring_physician_name",
    "requesting_physician_names",
    "institution_name",
    "revision",
    "stored_bytes",
)
EXAMPLES = Path(wire.__file__).parent / "examples"


def index_rows(example: dict[str, Any]) -> Study:
    """The rows of which the example's report is made."""
    patient = example["patient"]
    study = Study.objects.create(
        **{f"patient_name_{group}": text for group, text in patient["patient_name"].items()},
        **{name: patient[name] for name in patient if name != "patient_name"},
        **{name: example[name] for name in SAME_IN_BOTH},
        number_of_instances=example["number_of_study_related_instances"],
        first_received_at=datetime.fromisoformat(example["first_received_at"]),
        last_received_at=datetime.fromisoformat(example["last_received_at"]),
        completed_at=datetime.fromisoformat(example["last_received_at"]) if example["complete"] else None,
    )
    for row in example["series"]:
        count = row.pop("number_of_series_related_instances")
        series = Series.objects.create(study=study, number_of_instances=count, **row)
        row["number_of_series_related_instances"] = count
    for number, title in enumerate(example["calling_ae_titles"]):
        Instance.objects.create(
            series=series,
            sop_instance_uid=f"1.2.{number}",
            file_bytes=1,
            data_set_offset=0,
            calling_ae_title=title,
            origin=Origin.C_STORE,
        )
    return study


@pytest.mark.django_db
def test_a_study_report_is_the_golden_example() -> None:
    example = json.loads((EXAMPLES / "study_report.json").read_text())
    study = index_rows(example)
    report = build_study_report(study, server_id=UUID(example["server_id"]), message_id=UUID(example["message_id"]))
    assert json.loads(report.model_dump_json()) == example


@pytest.mark.django_db
def test_a_report_is_made_whatever_the_data_sets_say() -> None:
    study = Study.objects.create(
        study_instance_uid="1.2.3",
        patient_id="x" * 5000,
        patient_name_alphabetic="A\u2028" * 3000,
        patient_sex="not a code at all",
        other_patient_ids=[{"identifier": "", "kind": "other"}, {"identifier": "1", "kind": "passport"}, {}]
        + [{"identifier": str(number), "issuer": None, "kind": "other"} for number in range(100)],
        requesting_physician_names=[{"alphabetic": "N" * 5000}] * 100,
    )
    Series.objects.create(study=study, series_instance_uid="1.2.4", series_number=2**40, modality="M" * 64)
    report = build_study_report(study, server_id=UUID(int=1), message_id=UUID(int=2))
    assert len(report.patient.other_patient_ids) == 64
    assert len(report.requesting_physician_names) == 32
    assert report.series[0].series_number is None
    assert len(report.patient.patient_id) == 256
