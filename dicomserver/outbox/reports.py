"""Builds a StudyReport from the index: text cleaned and bounded, so that no data set can wedge the outbox."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, cast, get_args
from uuid import UUID

from dicomserver.index.models import Series, Study
from dicomserver.index.selectors import calling_ae_titles_of_study, series_of_study
from wire.messages import MAX_INTEGER
from wire.studies import (
    MAX_AE_TITLES,
    MAX_OTHER_PATIENT_IDS,
    MAX_PHYSICIANS,
    MAX_SERIES,
    PatientIdentifier,
    PatientReport,
    PersonName,
    SeriesReport,
    StudyReport,
    fit_body,
)
from wire.text import CODE_LENGTH, NAME_LENGTH, SHORT_LENGTH, clean, clean_identifier

IdentifierKind = Literal["patient_id", "other", "national"]
BurnedIn = Literal["YES", "NO", ""]
_KINDS: Final = frozenset(get_args(IdentifierKind))


def build_study_report(study: Study, *, server_id: UUID, message_id: UUID) -> StudyReport:
    """The report of the study at `study.revision`."""
    names = [_name(name) for name in study.requesting_physician_names[:MAX_PHYSICIANS]]
    return fit_body(
        StudyReport(
            message_id=message_id,
            server_id=server_id,
            revision=study.revision,
            study_instance_uid=study.study_instance_uid,
            study_date=_short(study.study_date),
            study_time=_short(study.study_time),
            timezone_offset_from_utc=_short(study.timezone_offset_from_utc),
            accession_number=clean_identifier(study.accession_number),
            study_id=clean_identifier(study.study_id),
            study_description=clean(study.study_description),
            referring_physician_name=_name(study.referring_physician_name),
            requesting_physician_names=tuple(names),
            institution_name=clean(study.institution_name),
            patient=_patient(study),
            series=tuple(_series(series) for series in series_of_study(study)[:MAX_SERIES]),
            number_of_study_related_instances=study.number_of_instances,
            stored_bytes=study.stored_bytes,
            complete=study.completed_at is not None,
            first_received_at=study.first_received_at,
            last_received_at=study.last_received_at,
            calling_ae_titles=tuple(_short(title) for title in calling_ae_titles_of_study(study)[:MAX_AE_TITLES]),
        )
    )


def _patient(study: Study) -> PatientReport:
    return PatientReport(
        patient_id=clean_identifier(study.patient_id),
        issuer_of_patient_id=clean_identifier(study.issuer_of_patient_id),
        other_patient_ids=tuple(_identifiers(study.other_patient_ids))[:MAX_OTHER_PATIENT_IDS],
        patient_name=PersonName(
            alphabetic=clean(study.patient_name_alphabetic, NAME_LENGTH),
            ideographic=clean(study.patient_name_ideographic, NAME_LENGTH),
            phonetic=clean(study.patient_name_phonetic, NAME_LENGTH),
        ),
        patient_birth_date=_short(study.patient_birth_date),
        patient_sex=clean(study.patient_sex, CODE_LENGTH),
    )


def _identifiers(rows: Sequence[Mapping[str, str]]) -> Iterator[PatientIdentifier]:
    for row in rows:
        identifier, kind = clean_identifier(row.get("identifier")), row.get("kind")
        if identifier and kind in _KINDS:
            yield PatientIdentifier(
                identifier=identifier, issuer=clean_identifier(row.get("issuer")), kind=cast("IdentifierKind", kind)
            )


def _series(series: Series) -> SeriesReport:
    number = series.series_number
    return SeriesReport(
        series_instance_uid=series.series_instance_uid,
        modality=clean(series.modality, CODE_LENGTH),
        series_number=number if number is not None and abs(number) <= MAX_INTEGER else None,
        series_description=clean(series.series_description),
        body_part_examined=_short(series.body_part_examined),
        protocol_name=clean(series.protocol_name),
        station_name=_short(series.station_name),
        number_of_series_related_instances=series.number_of_instances,
        burned_in_annotation=cast("BurnedIn", series.burned_in_annotation),
    )


def _name(value: Mapping[str, Any]) -> PersonName:
    return PersonName(
        alphabetic=clean(value.get("alphabetic"), NAME_LENGTH),
        ideographic=clean(value.get("ideographic"), NAME_LENGTH),
        phonetic=clean(value.get("phonetic"), NAME_LENGTH),
    )


def _short(value: object) -> str:
    return clean(value, SHORT_LENGTH)
