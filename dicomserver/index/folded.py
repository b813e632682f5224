"""What the index keeps of its texts so that queries find them whatever the case, the diacritics and the script.

A folded text is `==part==part==`: the component groups of a name, or the one part of a description. The marks let a
pattern say where a part begins and ends, also in three letters, which is what the index of the database looks at.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from runtime.folding import fold

MARK: Final = "=="
GROUPS: Final = ("alphabetic", "ideographic", "phonetic")
# Longer than any value of PS3.5; what stands behind it is not searched.
MAX_PART_LENGTH: Final = 256
_SPACES: Final = re.compile(r"\s+")

# Fields of Study and Series, and the folded field of each.
STUDY_TEXTS: Final = {"study_description": "study_description_folded", "institution_name": "institution_name_folded"}
SERIES_TEXTS: Final = {"series_description": "series_description_folded", "protocol_name": "protocol_name_folded"}


def folded_text(text: str) -> str:
    """A description as it is searched; empty where it says nothing.

    >>> folded_text("Toráce  HR")
    '==torace hr=='
    """
    return _joined([folded_part(text)[:MAX_PART_LENGTH]])


def folded_name(groups: Sequence[str]) -> str:
    """A person's name, given as its component groups (PS3.5 6.2.1), as it is searched.

    >>> folded_name(["Știrbu^Ana^^", "", ""])
    '==stirbu^ana=='
    """
    return _joined([folded_component_group(group)[:MAX_PART_LENGTH] for group in groups])


def folded_part(text: str) -> str:
    """One part of a folded text: what a value of a query must be compared with."""
    return _SPACES.sub(" ", fold(text).replace("=", "-")).strip()


def folded_component_group(group: str) -> str:
    """One component group of a name: without delimiters that end it and spaces around components."""
    return "^".join(folded_part(component) for component in group.split("^")).rstrip("^")


def study_columns(study: Mapping[str, Any]) -> dict[str, str]:
    """The searched fields of a study, of its other fields by name."""
    name = folded_name([study[f"patient_name_{group}"] for group in GROUPS])
    referring = study["referring_physician_name"] or {}
    return {
        "patient_key": _patient_key(study, name),
        "patient_name_folded": name,
        "referring_physician_name_folded": folded_name([str(referring.get(group) or "") for group in GROUPS]),
        **{folded: folded_text(study[field]) for field, folded in STUDY_TEXTS.items()},
    }


def series_columns(series: Mapping[str, Any]) -> dict[str, str]:
    """The searched fields of a series, of its other fields by name."""
    return {folded: folded_text(series[field]) for field, folded in SERIES_TEXTS.items()}


def _patient_key(study: Mapping[str, Any], name: str) -> str:
    """What is the same for all studies of a patient: ID and issuer; where there is no ID, name and birth date."""
    identity = [study["patient_id"], study["issuer_of_patient_id"]]
    if not study["patient_id"]:
        identity += [name, study["patient_birth_date"]]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


def _joined(parts: list[str]) -> str:
    while parts and not parts[-1]:
        parts.pop()
    return f"{MARK}{MARK.join(parts)}{MARK}" if parts else ""
