"""StudyReport: one study as one DICOM Server holds it, metadata without a pixel."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from wire.messages import (
    MAX_INTEGER,
    MAX_LARGE_INTEGER,
    Count,
    LargeCount,
    Message,
    UtcDatetime,
    body_of,
)
from wire.routes import MAX_BODY_BYTES
from wire.text import CodeText, IdentifierText, NameText, ShortText, Text, clean
from wire.uids import Uid

MAX_SERIES: Final = 10_000
MAX_OTHER_PATIENT_IDS: Final = 64
MAX_PHYSICIANS: Final = 32
MAX_AE_TITLES: Final = 64
# Series texts of a report too large to travel are cut to the first of these that makes it fit;
# at the last one the largest report that the models admit fits into MAX_BODY_BYTES.
_SERIES_TEXT_LENGTHS: Final = (256, 64, 16)


class PersonName(Message):
    """The component groups of a PN (PS3.5 6.2.1), carets kept."""

    alphabetic: NameText
    ideographic: NameText = ""
    phonetic: NameText = ""


class PatientIdentifier(Message):
    """One more identifier of the patient, with who issued it."""

    identifier: Annotated[IdentifierText, Field(min_length=1)]
    issuer: IdentifierText = ""
    kind: Literal["patient_id", "other", "national"]


class PatientReport(Message):
    """The patient as the study's data sets say; any of it may be empty."""

    patient_id: IdentifierText
    issuer_of_patient_id: IdentifierText
    other_patient_ids: Annotated[tuple[PatientIdentifier, ...], Field(max_length=MAX_OTHER_PATIENT_IDS)]
    patient_name: PersonName
    patient_birth_date: ShortText
    patient_sex: CodeText


class SeriesReport(Message):
    """One series of the study, with the count of instances held."""

    series_instance_uid: Uid
    modality: CodeText
    series_number: Annotated[int, Field(ge=-(2**31), le=MAX_INTEGER)] | None
    series_description: Text
    body_part_examined: ShortText
    protocol_name: Text
    station_name: ShortText
    number_of_series_related_instances: Count
    # YES where any instance says so (0028,0301), NO where one does and none says YES.
    burned_in_annotation: Literal["YES", "NO", ""] = ""


class StudyReport(Message):
    """All that the portal knows of a study; a higher revision replaces a lower one as a whole.

    DICOM dates, times and offsets (DA, TM, SH) travel as the data sets hold them.
    """

    message_id: UUID
    server_id: UUID
    revision: Annotated[int, Field(ge=1, le=MAX_LARGE_INTEGER)]
    study_instance_uid: Uid
    study_date: ShortText
    study_time: ShortText
    timezone_offset_from_utc: ShortText
    accession_number: IdentifierText
    study_id: IdentifierText
    study_description: Text
    referring_physician_name: PersonName
    requesting_physician_names: Annotated[tuple[PersonName, ...], Field(max_length=MAX_PHYSICIANS)]
    institution_name: Text
    patient: PatientReport
    series: Annotated[tuple[SeriesReport, ...], Field(max_length=MAX_SERIES)]
    number_of_study_related_instances: Count
    stored_bytes: LargeCount
    complete: bool
    first_received_at: UtcDatetime
    last_received_at: UtcDatetime
    calling_ae_titles: Annotated[tuple[ShortText, ...], Field(max_length=MAX_AE_TITLES)]

    @model_validator(mode="after")
    def _series_are_distinct(self) -> Self:
        if len({series.series_instance_uid for series in self.series}) != len(self.series):
            raise ValueError("a series is reported twice")
        return self


def fit_body(report: StudyReport) -> StudyReport:
    """The report itself, or with shorter series texts where its body would exceed MAX_BODY_BYTES."""
    return next(candidate for candidate in _shorter_and_shorter(report) if len(body_of(candidate)) <= MAX_BODY_BYTES)


def _shorter_and_shorter(report: StudyReport) -> Iterator[StudyReport]:
    yield report
    for limit in _SERIES_TEXT_LENGTHS:
        series = tuple(_with_short_texts(one, limit) for one in report.series)
        yield report.model_copy(update={"series": series})


def _with_short_texts(series: SeriesReport, limit: int) -> SeriesReport:
    return series.model_copy(
        update={
            "series_description": clean(series.series_description, limit),
            "body_part_examined": clean(series.body_part_examined, limit),
            "protocol_name": clean(series.protocol_name, limit),
            "station_name": clean(series.station_name, limit),
        }
    )
