"""Fills what queries look at, of what the index has: in portions that each commit, so it may be begun again."""

from collections.abc import Iterator
from typing import Any, Final

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from dicomserver.index.folded import series_columns, study_columns

PORTION: Final = 1000
_STUDY_FIELDS: Final = (
    "patient_name_alphabetic",
    "patient_name_ideographic",
    "patient_name_phonetic",
    "patient_id",
    "issuer_of_patient_id",
    "patient_birth_date",
    "referring_physician_name",
    "study_description",
    "institution_name",
)
_SERIES_FIELDS: Final = ("series_description", "protocol_name")
_FILL_STUDIES: Final = """
    UPDATE index_study AS study SET patient_key = new.patient_key, patient_name_folded = new.patient_name_folded,
        referring_physician_name_folded = new.referring_physician_name_folded,
        study_description_folded = new.study_description_folded, institution_name_folded = new.institution_name_folded
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) AS new (
        id, patient_key, patient_name_folded, referring_physician_name_folded, study_description_folded,
        institution_name_folded)
    WHERE study.id = new.id AND study.patient_key = ''
"""
# The start of the performed step was not in the index: prepared metadata of any instance tells it.
_FILL_SERIES: Final = """
    UPDATE index_series AS series SET series_description_folded = new.series_description_folded,
        protocol_name_folded = new.protocol_name_folded,
        sop_class_uids = ARRAY(
            SELECT DISTINCT sop_class_uid FROM index_instance WHERE series_id = new.id ORDER BY sop_class_uid),
        performed_procedure_step_start_date =
            coalesce(substring(prepared.dicom_json FROM '"00400244":{"vr":"DA","Value":\\["([0-9]{8})"\\]'), ''),
        performed_procedure_step_start_time =
            coalesce(substring(prepared.dicom_json FROM '"00400245":{"vr":"TM","Value":\\["([0-9.]{2,13})"\\]'), '')
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new (id, series_description_folded, protocol_name_folded)
    LEFT JOIN LATERAL (
        SELECT dicom_json FROM index_instancemetadata AS metadata
        JOIN index_instance AS instance ON instance.id = metadata.instance_id
        WHERE instance.series_id = new.id LIMIT 1
    ) AS prepared ON true
    WHERE series.id = new.id AND series.sop_class_uids = '{}'
"""


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    studies = apps.get_model("index", "Study").objects.filter(patient_key="")
    series = apps.get_model("index", "Series").objects.filter(sop_class_uids=[])
    with schema_editor.connection.cursor() as cursor:
        for rows in _portions(studies, _STUDY_FIELDS):
            cursor.execute(_FILL_STUDIES, _columns(rows, [study_columns(row) for row in rows]))
        for rows in _portions(series, _SERIES_FIELDS):
            cursor.execute(_FILL_SERIES, _columns(rows, [series_columns(row) for row in rows]))


def _portions(rows: Any, fields: tuple[str, ...]) -> Iterator[list[dict[str, Any]]]:
    last = 0
    while portion := list(rows.filter(pk__gt=last).order_by("pk").values("pk", *fields)[:PORTION]):
        yield portion
        last = portion[-1]["pk"]


def _columns(rows: list[dict[str, Any]], folded: list[dict[str, str]]) -> list[list[Any]]:
    return [[row["pk"] for row in rows], *([one[name] for one in folded] for name in folded[0])]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("index", "0006_query_columns")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
