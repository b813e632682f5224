"""What an act was about, as text: a study as the log keeps it, without a link to any other table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class AuditedStudy:
    """A study as it was when the act happened. `institution` is the short name of its owner."""

    study_instance_uid: str
    server_id: str = ""
    institution: str = ""
    patient_identifiers: tuple[str, ...] = ()
    """Every ID by which an auditor may look for the patient: patient ID, national ID, others."""
    summary: str = ""


def study_summary(modalities: Iterable[str], study_date: date | None, what: Iterable[str] = ()) -> str:
    """A study in a few words: "CT 20 Nov 2026, chest, abdomen". `what` is its body parts, or its description."""
    parts = [" ".join(dict.fromkeys(modality for modality in modalities if modality))]
    if study_date is not None:
        parts.append(f"{study_date.day} {MONTHS[study_date.month - 1]} {study_date.year}")
    head = " ".join(part for part in parts if part)
    tail = dict.fromkeys(word.strip().lower() if word.isupper() else word.strip() for word in what)
    return ", ".join(part for part in (head, *tail) if part)
