"""Whose a wrapped document is, and in which study: one that this server holds, one that was ordered, or a new one."""

import re
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from dicomserver.index.models import Study
from dicomserver.index.selectors import study_by_uid
from dicomserver.orders.items import person_name
from dicomserver.orders.models import Order, State

MAX_TEXT: Final = 64
_DATE: Final = re.compile(r"[0-9]{8}")
_TIME: Final = re.compile(r"[0-9]{6}(\.[0-9]{1,6})?")
_SEXES: Final = frozenset({"M", "F", "O"})


class SubjectRefused(ValueError):
    """What was said of patient or study cannot be; the message says what, without repeating it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Patient and study as they go into an object; text as DICOM has it, empty where it is not known."""

    study_instance_uid: str
    patient_id: str
    patient_name: str
    issuer_of_patient_id: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    study_date: str = ""
    study_time: str = ""
    study_id: str = ""
    study_description: str = ""
    accession_number: str = ""
    referring_physician_name: str = ""


def subject_of(study: Study) -> Subject:
    """Patient and study as the index knows them; what is not DICOM's form of a date, time or sex is left empty."""
    name = "=".join(
        (study.patient_name_alphabetic, study.patient_name_ideographic, study.patient_name_phonetic)
    ).rstrip("=")
    return Subject(
        study_instance_uid=study.study_instance_uid,
        patient_id=study.patient_id,
        patient_name=name,
        issuer_of_patient_id=study.issuer_of_patient_id,
        patient_birth_date=_formed(study.patient_birth_date, _DATE),
        patient_sex=study.patient_sex if study.patient_sex in _SEXES else "",
        study_date=_formed(study.study_date, _DATE),
        study_time=_formed(study.study_time, _TIME),
        study_id=study.study_id[:16],
        study_description=study.study_description,
        accession_number=study.accession_number[:16],
        referring_physician_name=(study.referring_physician_name or {}).get("alphabetic", ""),
    )


def new_subject(
    *,
    study_instance_uid: str,
    patient_id: str,
    patient_name: str,
    patient_birth_date: str = "",
    patient_sex: str = "",
    study_description: str = "",
    accession_number: str = "",
) -> Subject:
    """A patient as somebody typed it, and a study of now. Raises SubjectRefused."""
    if not patient_id.strip() or not patient_name.strip():
        raise SubjectRefused("A new study needs the patient's name and ID.")
    if patient_birth_date and not _DATE.fullmatch(patient_birth_date):
        raise SubjectRefused("The birth date is not a date: write it as YYYYMMDD.")
    if patient_sex and patient_sex not in _SEXES:
        raise SubjectRefused("The sex is M, F or O, or left out.")
    _require_text(
        (patient_id, MAX_TEXT), (patient_name, MAX_TEXT), (study_description, MAX_TEXT), (accession_number, 16)
    )
    now = timezone.now()
    return Subject(
        study_instance_uid=study_instance_uid,
        patient_id=patient_id.strip(),
        patient_name=patient_name.strip(),
        patient_birth_date=patient_birth_date,
        patient_sex=patient_sex,
        study_date=f"{now:%Y%m%d}",
        study_time=f"{now:%H%M%S}",
        study_description=study_description.strip(),
        accession_number=accession_number.strip(),
    )


def new_subject_of_patient(study: Study, *, study_instance_uid: str, study_description: str = "") -> Subject:
    """A study of now of the same patient as `study`, as the index describes them. Raises SubjectRefused."""
    _require_text((study_description, MAX_TEXT))
    known, now = subject_of(study), timezone.now()
    return Subject(
        study_instance_uid=study_instance_uid,
        patient_id=known.patient_id,
        patient_name=known.patient_name,
        issuer_of_patient_id=known.issuer_of_patient_id,
        patient_birth_date=known.patient_birth_date,
        patient_sex=known.patient_sex,
        study_date=f"{now:%Y%m%d}",
        study_time=f"{now:%H%M%S}",
        study_description=study_description.strip(),
    )


def subject_of_order(accession_number: str) -> Subject:
    """Patient and study of the one order with this accession number. Raises SubjectRefused.

    A study that was begun already says it better than its order.
    """
    orders = list(Order.objects.filter(accession_number=accession_number).exclude(state=State.CANCELLED)[:2])
    if len(orders) != 1:
        told = "There is no order" if not orders else "There is more than one order"
        raise SubjectRefused(f"{told} with this accession number. Give name and ID of the patient.")
    order = orders[0]
    study = study_by_uid(order.study_instance_uid)
    if study is not None:
        return subject_of(study)
    content, now = order.content, timezone.now()
    patient = content["patient"]
    return Subject(
        study_instance_uid=order.study_instance_uid,
        patient_id=patient["patient_id"],
        patient_name=person_name(patient["patient_name"]),
        issuer_of_patient_id=patient["issuer_of_patient_id"],
        patient_birth_date=_formed(patient["patient_birth_date"], _DATE),
        patient_sex=patient["patient_sex"] if patient["patient_sex"] in _SEXES else "",
        study_date=f"{now:%Y%m%d}",
        study_time=f"{now:%H%M%S}",
        study_id=content["requested_procedure_id"][:16],
        study_description=content["requested_procedure_description"][:MAX_TEXT],
        accession_number=order.accession_number,
        referring_physician_name=person_name(content["referring_physician_name"]),
    )


def _require_text(*texts: tuple[str, int]) -> None:
    """Raises SubjectRefused for a text that is longer than its limit, or that DICOM cannot hold in such a value."""
    for text, limit in texts:
        if len(text) > limit or not text.isprintable() or "\\" in text:
            raise SubjectRefused(f"Name, ID and description have at most {MAX_TEXT} characters, the accession 16.")


def _formed(text: str, form: re.Pattern[str]) -> str:
    return text if form.fullmatch(text) else ""
