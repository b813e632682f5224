"""The way from the list to "Find elsewhere", with the words of the search carried along."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from portal.institutions.models import Membership, Role

# Filters of the list that mean the same there, and what they are called there.
_SAME: Final = {
    "patient_name": "patient_name",
    "patient_id": "patient_id",
    "accession_number": "accession_number",
    "study_date_after": "study_date_from",
    "study_date_before": "study_date_to",
}


def elsewhere_url(hat: Membership | None, values: Mapping[str, Any]) -> str:
    """The address of "Find elsewhere" for radiologists, empty for others.

    The words stand behind the #: browsers do not send that part, so no log has it.
    """
    if hat is None or hat.role != Role.RADIOLOGIST:
        return ""
    words = {there: _text(values[here]) for here, there in _SAME.items() if values.get(here)}
    if day := values.get("study_date"):
        words |= {"study_date_from": _text(day), "study_date_to": _text(day)}
    modalities = values.get("modality") or []
    if len(modalities) == 1:
        words["modality"] = _text(modalities[0])
    if search := str(values.get("search") or "").strip():
        # In one field people type a name or a number.
        is_number = any(letter.isdigit() for letter in search)
        words.setdefault("patient_id" if is_number else "patient_name", search)
    return reverse("errands:elsewhere") + (f"#{urlencode(words)}" if words else "")


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
