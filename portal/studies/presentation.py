"""A patient and a study as pages show them: every value ready to be written, the missing ones said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from portal.studies import display
from portal.studies.models import IdentifierKind, Patient, PatientIdentifier, Series, Study
from portal.studies.plain_words import plain_title

STILL_GROWING: Final = timedelta(minutes=2)
"""A study that is not complete and got an instance within this time is arriving."""
# Modalities (PS3.3 C.7.3.1.1.1) of series that hold words, marks, curves or plans and no pictures.
_WITHOUT_PICTURES: Final = frozenset(
    {"AR", "AU", "DOC", "ECG", "EPS", "FID", "HD", "KER", "KO", "LEN", "PLAN", "PR", "REG", "RESP", "RTPLAN"}
    | {"RTRECORD", "RTSTRUCT", "RWV", "SEG", "SMR", "SR", "SRF", "STAIN", "TEXTUREMAP", "VA"}
)
_PRECEDENCE: Final = (IdentifierKind.NATIONAL, IdentifierKind.PATIENT_ID, IdentifierKind.OTHER)


@dataclass(frozen=True)
class ShownIdentifier:
    """An identifier in groups of four, as copied, and its issuer."""

    text: str
    plain: str
    masked: str
    """What patients see of their own number: its last digits."""
    issuer: str


@dataclass(frozen=True)
class ShownPatient:
    """Who the patient is, as banner, rows and window titles write it."""

    name: display.NameParts
    sex_word: str
    sex_letter: str
    is_sex_given: bool
    age: str
    """On the day of the study."""
    birth_date: display.SentDate
    identifier: ShownIdentifier | None
    institution: str
    institution_name: str

    @property
    def missing(self) -> str:
        """What a dense row says of missing facts, "" where nothing is missing."""
        if not self.is_sex_given and not self.birth_date.is_given:
            return gettext("sex, birth date not given")
        if not self.is_sex_given:
            return gettext("sex not given")
        return "" if self.birth_date.is_given else gettext("birth date not given")


@dataclass(frozen=True)
class ShownState:
    """Where the study is on its way: the key names the mark and the colour."""

    key: str
    words: str


@dataclass(frozen=True)
class ShownStudy:
    """A holding as rows, panels and pages write it."""

    patient: ShownPatient
    title: str
    plain_title: str
    """What it is called for a patient: "CT of the chest"; the title where there are no plain words for it."""
    modalities: str
    details: str
    """Second line of a row: body part, accession number, referrer."""
    body_part: str
    accession_number: str
    referrer: str
    study_date: display.SentDate
    study_time: str
    station: str
    instances: str
    series: str
    size: str
    state: ShownState
    is_reachable: bool
    unreachable_since: datetime | None


def shown_patient(patient: Patient, day: date | None) -> ShownPatient:
    """Return how the patient is written, aged as on `day`."""
    return ShownPatient(
        name=display.name_parts(patient.patient_name, patient.patient_name_ideographic, patient.patient_name_phonetic),
        sex_word=display.sex_word(patient.patient_sex),
        sex_letter=display.sex_letter(patient.patient_sex),
        is_sex_given=bool(patient.patient_sex.strip()),
        age=patient.told_age or display.age_text(patient.patient_birth_date, day),
        birth_date=_shown_birth_date(patient),
        identifier=_shown_identifier(patient),
        institution=patient.institution.short_name,
        institution_name=patient.institution.name,
    )


def shown_study(study: Study, *, now: datetime | None = None) -> ShownStudy:
    """Return how the holding is written; no query when server, institution, patient and identifiers were fetched."""
    moment = now or timezone.now()
    body_part = ", ".join(part.capitalize() for part in study.body_parts_examined if part)
    referrer = display.staff_name(study.referring_physician_name)
    accession = f"ACC {study.accession_number}" if study.accession_number else ""
    modalities = " ".join(study.modalities_in_study)
    reachable = study.server.is_reachable(moment)
    title = study.study_description.strip() or _untitled(modalities, body_part)
    return ShownStudy(
        patient=shown_patient(study.patient, study.study_date),
        title=title,
        plain_title=plain_title(study.modalities_in_study, study.body_parts_examined) or title,
        modalities=modalities or "?",
        details=" · ".join(filter(None, (body_part, accession, referrer))),
        body_part=body_part,
        accession_number=study.accession_number,
        referrer=referrer,
        study_date=display.study_date(study.study_date, study.study_date_text),
        study_time=display.study_time(study.study_time_text),
        station=", ".join(filter(None, study.station_names)),
        instances=display.number(study.number_of_study_related_instances),
        series=_series(study.number_of_study_related_series),
        size=display.bytes_text(study.stored_bytes),
        state=_state(study, moment),
        is_reachable=reachable,
        unreachable_since=None if reachable else study.server.last_contact_at,
    )


def has_pictures(series: Series) -> bool:
    """True where the series holds images of which a small picture can be made."""
    return series.modality not in _WITHOUT_PICTURES and series.number_of_series_related_instances > 0


def series_for_picture(series: Iterable[Series]) -> Series | None:
    """The series that stands for its study on a card: the largest one with pictures; None where there is none."""
    with_pictures = [one for one in series if has_pictures(one)]
    return max(with_pictures, key=lambda one: one.number_of_series_related_instances, default=None)


def _untitled(modalities: str, body_part: str) -> str:
    words = " ".join(filter(None, (modalities, body_part.lower())))
    return words or gettext("Study without a description")


def _series(count: int) -> str:
    return ngettext("%(count)s series", "%(count)s series", count) % {"count": display.number(count)}


def _state(study: Study, now: datetime) -> ShownState:
    if study.is_complete:
        return ShownState("complete", gettext("Complete"))
    if now - study.last_received_at < STILL_GROWING:
        return ShownState("arriving", gettext("Arriving"))
    return ShownState("received", gettext("Received"))


def _shown_birth_date(patient: Patient) -> display.SentDate:
    if patient.is_masked:
        return display.SentDate(gettext("removed"), is_given=True, is_readable=True)
    return display.birth_date(patient.patient_birth_date, patient.patient_birth_date_text)


def _shown_identifier(patient: Patient) -> ShownIdentifier | None:
    if patient.is_masked:
        removed = gettext("removed")
        return ShownIdentifier(text=removed, plain=removed, masked=removed, issuer="")
    identifiers: list[PatientIdentifier] = list(patient.identifiers.all())
    identifiers.sort(key=lambda one: (_PRECEDENCE.index(IdentifierKind(one.kind)), one.issuer, one.identifier))
    if not identifiers:
        return None
    first = identifiers[0]
    return ShownIdentifier(
        text=display.grouped_identifier(first.identifier),
        plain=first.identifier,
        masked=display.masked_identifier(first.identifier),
        issuer=first.issuer,
    )
