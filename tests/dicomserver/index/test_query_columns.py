"""What queries look at is filled for studies that came before: in portions, and again where it was stopped."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from dicomserver.archive import Archive
from dicomserver.index.folded import folded_name, folded_text
from dicomserver.index.models import Series, Study
from dicomserver.ingest.metadata import prepare_metadata
from tests.dicomserver.network import TakeIn, take_in
from tests.dicomserver.objects import small_ct

__all__ = ["take_in"]

migration = import_module("dicomserver.index.migrations.0007_fill_query_columns")

STUDY_COLUMNS = (
    "patient_key",
    "patient_name_folded",
    "referring_physician_name_folded",
    "study_description_folded",
    "institution_name_folded",
)
SERIES_COLUMNS = (
    "series_description_folded",
    "protocol_name_folded",
    "sop_class_uids",
    "performed_procedure_step_start_date",
    "performed_procedure_step_start_time",
)


@pytest.mark.django_db
def test_columns_of_old_rows_are_filled_as_those_of_new_ones(
    take_in: TakeIn, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        instance = take_in(
            small_ct(
                PatientName=f"Știrbu^Ana{number}=山田", PatientID=f"P-{number}" if number else None,
                InstitutionName="Spitalul", ProtocolName="Cap ß", PerformedProcedureStepStartDate="20260103",
                PerformedProcedureStepStartTime="101500.5",
            )
        )  # fmt: skip
    prepare_metadata(instance.series.instances.model.objects.all(), archive)
    studies = list(Study.objects.order_by("pk").values(*STUDY_COLUMNS))
    series = list(Series.objects.order_by("pk").values(*SERIES_COLUMNS))
    assert studies[1]["patient_name_folded"] == "==stirbu^ana1==山田=="
    assert series[0]["sop_class_uids"] == ["1.2.840.10008.5.1.4.1.1.2"]
    Study.objects.exclude(patient_id="P-3").update(**dict.fromkeys(STUDY_COLUMNS, ""))
    Series.objects.update(**dict.fromkeys(SERIES_COLUMNS, "") | {"sop_class_uids": []})
    monkeypatch.setattr(migration, "PORTION", 2)
    for _ in range(2):
        migration.fill(apps, SimpleNamespace(connection=connection))
        assert list(Study.objects.order_by("pk").values(*STUDY_COLUMNS)) == studies
        assert list(Series.objects.order_by("pk").values(*SERIES_COLUMNS)) == series


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("  ", ""),
        ("Toráce  HR", "==torace hr=="),
        ("a=b", "==a-b=="),
        ("x" * 300, "==" + "x" * 256 + "=="),
        ("\u00ad", ""),
    ],
)
def test_descriptions_are_folded(text: str, folded: str) -> None:
    assert folded_text(text) == folded


@pytest.mark.parametrize(
    ("groups", "folded"),
    [
        (["", "", ""], ""),
        (["^^^", "", ""], ""),
        (["Popescu ^ Ion ^^", "", ""], "==popescu^ion=="),
        (["", "山田^太郎", ""], "====山田^太郎=="),
        (["Yamada^Tarou", "山田^太郎", "やまだ^たろう"], "==yamada^tarou==山田^太郎==やまた^たろう=="),
    ],
)
def test_names_are_folded_group_by_group(groups: list[str], folded: str) -> None:
    assert folded_name(groups) == folded
