"""Takes in what DICOM Servers report: the one writer of the catalogue."""

from typing import Any

from django.db import transaction

from portal.servers.models import DicomServer
from portal.studies.dicom_values import ordered_modalities, parse_date
from portal.studies.folding import bounded, identifier_words, name_key, text_words
from portal.studies.models import PhysicianPart, Series, Study, StudyPhysician
from portal.studies.patients import patient_of, reported_identifiers, sort_name
from portal.studies.search import vector_of
from portal.studies.selectors import hold_report_lock, reported_study
from wire.studies import PersonName, StudyReport

_PHYSICIAN_KEY_LENGTH = 400
_PATIENT_SORT_LENGTH = 200
_MODALITY_SORT_LENGTH = 64


class ReportOfAnotherServer(ValueError):
    """The report names a server other than the one it came from."""


@transaction.atomic
def take_in_report(server: DicomServer, report: StudyReport) -> Study:
    """Return the holding after the report; a report that is not newer than what is known changes nothing.

    The newest revision replaces the holding as a whole, so that the order of arrival does not matter.
    """
    if report.server_id != server.pk:
        raise ReportOfAnotherServer("The report names another server than the one that sent it.")
    hold_report_lock(server, report.study_instance_uid)
    study = reported_study(server, report.study_instance_uid)
    if study is not None and study.revision >= report.revision:
        return study
    if study is None:
        study = Study(server=server, study_instance_uid=report.study_instance_uid)
    study.patient = patient_of(server.institution, report.patient)
    for name, value in _columns(report).items():
        setattr(study, name, value)
    study.search_vector = vector_of(_search_words(report))
    study.save()
    _replace_series(study, report)
    _replace_physicians(study, report)
    # The expression of the vector must not be evaluated again by a later save.
    study.refresh_from_db(fields=["search_vector"])
    return study


def _columns(report: StudyReport) -> dict[str, Any]:
    modalities = ordered_modalities(series.modality for series in report.series)
    return {
        "revision": report.revision,
        "study_date": parse_date(report.study_date),
        "study_date_text": report.study_date,
        "study_time_text": report.study_time,
        "timezone_offset_from_utc": report.timezone_offset_from_utc,
        "accession_number": report.accession_number,
        "study_id": report.study_id,
        "study_description": report.study_description,
        "referring_physician_name": report.referring_physician_name.alphabetic,
        "institution_name": report.institution_name,
        "modalities_in_study": modalities,
        "body_parts_examined": _distinct(series.body_part_examined for series in report.series),
        "station_names": _distinct(series.station_name for series in report.series),
        "calling_ae_titles": sorted(set(report.calling_ae_titles)),
        "number_of_study_related_series": len(report.series),
        "number_of_study_related_instances": report.number_of_study_related_instances,
        "stored_bytes": report.stored_bytes,
        "is_complete": report.complete,
        "first_received_at": report.first_received_at,
        "last_received_at": report.last_received_at,
        "is_removed": not (report.number_of_study_related_instances or report.series),
        "patient_sort": bounded(sort_name(report.patient), _PATIENT_SORT_LENGTH),
        "modality_sort": " ".join(modalities)[:_MODALITY_SORT_LENGTH],
    }


def _distinct(values: Any) -> list[str]:
    return sorted({value.strip() for value in values} - {""})


def _search_words(report: StudyReport) -> list[str]:
    """What the study is found by, the most telling first."""
    identifiers = [report.patient.patient_id, report.accession_number, report.study_id]
    identifiers += [one.identifier for one in reported_identifiers(report.patient)]
    physicians = [report.referring_physician_name, *report.requesting_physician_names]
    texts = [report.study_description, *(series.body_part_examined for series in report.series)]
    return [
        *text_words(_groups(report.patient.patient_name)),
        *identifier_words(identifiers),
        *text_words(group for name in physicians for group in _groups(name)),
        *text_words(texts),
    ]


def _groups(name: PersonName) -> tuple[str, str, str]:
    return name.alphabetic, name.ideographic, name.phonetic


def _replace_series(study: Study, report: StudyReport) -> None:
    rows = [
        Series(
            study=study,
            series_instance_uid=series.series_instance_uid,
            modality=series.modality,
            series_number=series.series_number,
            series_description=series.series_description,
            body_part_examined=series.body_part_examined,
            protocol_name=series.protocol_name,
            station_name=series.station_name,
            number_of_series_related_instances=series.number_of_series_related_instances,
            burned_in_annotation=series.burned_in_annotation,
        )
        for series in report.series
    ]
    kept = [row.series_instance_uid for row in rows]
    study.series.exclude(series_instance_uid__in=kept).delete()
    Series.objects.bulk_create(
        rows,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["study", "series_instance_uid"],
        update_fields=[
            "modality",
            "series_number",
            "series_description",
            "body_part_examined",
            "protocol_name",
            "station_name",
            "number_of_series_related_instances",
            "burned_in_annotation",
        ],
    )


def _replace_physicians(study: Study, report: StudyReport) -> None:
    named: list[tuple[PhysicianPart, PersonName]] = [(PhysicianPart.REFERRING, report.referring_physician_name)]
    named += [(PhysicianPart.REQUESTING, name) for name in report.requesting_physician_names]
    rows: dict[tuple[PhysicianPart, str], StudyPhysician] = {}
    for part, name in named:
        for group in _groups(name):
            # A name without a letter names nobody, and would else meet every other such name.
            if key := bounded(name_key(group), _PHYSICIAN_KEY_LENGTH):
                rows.setdefault((part, key), StudyPhysician(study=study, part=part, physician_name=group, name_key=key))
    study.physicians.all().delete()
    StudyPhysician.objects.bulk_create(rows.values())
