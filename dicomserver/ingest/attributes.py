"""Takes what the index keeps of patient, study, series and instance from a data set; never fails on a broken value."""

from collections.abc import Iterable
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.valuerep import PersonName

from wire.studies import MAX_OTHER_PATIENT_IDS, MAX_PHYSICIANS
from wire.text import NAME_LENGTH, SHORT_LENGTH, TEXT_LENGTH, clean

MAX_INTEGER: Final = 2**31 - 1
# One instance answers one request, or a few that were done together.
MAX_REQUESTS: Final = 16
# HL7 v2 table 0203: a national unique identifier is NI, or NN and a country.
_NATIONAL_TYPE_CODES: Final = ("NI", "NN")

_STUDY_TEXTS: Final = {
    "patient_id": ("PatientID", TEXT_LENGTH),
    "issuer_of_patient_id": ("IssuerOfPatientID", TEXT_LENGTH),
    "patient_birth_date": ("PatientBirthDate", SHORT_LENGTH),
    "patient_sex": ("PatientSex", SHORT_LENGTH),
    "study_date": ("StudyDate", SHORT_LENGTH),
    "study_time": ("StudyTime", SHORT_LENGTH),
    "timezone_offset_from_utc": ("TimezoneOffsetFromUTC", SHORT_LENGTH),
    "accession_number": ("AccessionNumber", TEXT_LENGTH),
    "study_id": ("StudyID", TEXT_LENGTH),
    "study_description": ("StudyDescription", TEXT_LENGTH),
    "institution_name": ("InstitutionName", TEXT_LENGTH),
}
_SERIES_TEXTS: Final = {
    "modality": ("Modality", SHORT_LENGTH),
    "series_description": ("SeriesDescription", TEXT_LENGTH),
    "body_part_examined": ("BodyPartExamined", SHORT_LENGTH),
    "protocol_name": ("ProtocolName", TEXT_LENGTH),
    "station_name": ("StationName", SHORT_LENGTH),
    "series_date": ("SeriesDate", SHORT_LENGTH),
    "series_time": ("SeriesTime", SHORT_LENGTH),
    "performed_procedure_step_start_date": ("PerformedProcedureStepStartDate", SHORT_LENGTH),
    "performed_procedure_step_start_time": ("PerformedProcedureStepStartTime", SHORT_LENGTH),
}
# PS3.18 Table 10.6.3-4: what is told of each item of the Request Attributes Sequence, by tag.
_REQUEST_TEXTS: Final = {"00400009": "ScheduledProcedureStepID", "00401001": "RequestedProcedureID"}

STUDY_KEYWORDS: Final = frozenset(keyword for keyword, _ in _STUDY_TEXTS.values()) | {
    "OtherPatientIDs",
    "OtherPatientIDsSequence",
    "PatientName",
    "ReferringPhysicianName",
    "RequestingPhysician",
}
SERIES_KEYWORDS: Final = frozenset(keyword for keyword, _ in _SERIES_TEXTS.values()) | {
    "BurnedInAnnotation",
    "RequestAttributesSequence",
    "SeriesNumber",
}


def value(ds: Dataset, keyword: str) -> Any:
    """The element's value; None where it is absent, empty or broken."""
    try:
        found = ds.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom answers broken values with errors of many types
        return None
    return None if found is None or found == "" else found


def text(ds: Dataset, keyword: str, limit: int = TEXT_LENGTH) -> str:
    """The element as one line of clean text; several values are joined as DICOM does, by a backslash."""
    found = value(ds, keyword)
    if isinstance(found, bytes | Sequence):
        return ""
    if isinstance(found, MultiValue | list):
        found = "\\".join("" if one is None else str(one) for one in found)
    return clean(found, limit)


def integer(ds: Dataset, keyword: str) -> int | None:
    """The element as a whole number of 32 bits; None where it is none."""
    found = value(ds, keyword)
    if isinstance(found, MultiValue | list):
        found = found[0] if found else None
    if isinstance(found, bytes | Sequence) or found is None:
        return None
    try:
        number = int(found)
    except (ValueError, TypeError, OverflowError):
        return None
    return number if -MAX_INTEGER <= number <= MAX_INTEGER else None


def study_attributes(ds: Dataset, national_id_issuers: Iterable[str]) -> dict[str, Any]:
    """Values for the fields of `index.models.Study`, of the elements STUDY_KEYWORDS."""
    names = person_names(ds, "PatientName")
    name = names[0] if names else {}
    attributes: dict[str, Any] = {field: text(ds, keyword, limit) for field, (keyword, limit) in _STUDY_TEXTS.items()}
    referring = person_names(ds, "ReferringPhysicianName")
    return attributes | {
        "patient_name_alphabetic": name.get("alphabetic", ""),
        "patient_name_ideographic": name.get("ideographic", ""),
        "patient_name_phonetic": name.get("phonetic", ""),
        "other_patient_ids": _other_patient_ids(ds, frozenset(national_id_issuers)),
        "referring_physician_name": referring[0] if referring else {},
        "requesting_physician_names": person_names(ds, "RequestingPhysician")[:MAX_PHYSICIANS],
    }


def series_attributes(ds: Dataset) -> dict[str, Any]:
    """Values for the fields of `index.models.Series`, of the elements SERIES_KEYWORDS."""
    attributes: dict[str, Any] = {field: text(ds, keyword, limit) for field, (keyword, limit) in _SERIES_TEXTS.items()}
    burned_in = text(ds, "BurnedInAnnotation")
    return attributes | {
        "series_number": integer(ds, "SeriesNumber"),
        "burned_in_annotation": burned_in if burned_in in {"YES", "NO"} else "",
        "request_attributes": _request_attributes(ds),
    }


def person_names(ds: Dataset, keyword: str) -> list[dict[str, str]]:
    """The element's names, each in its three component groups decoded to Unicode (PS3.5 6.2.1); empty ones left out."""
    found = value(ds, keyword)
    if found is None:
        return []
    several = found if isinstance(found, MultiValue | list) else [found]
    return [name for one in several if (name := name_groups(one)) and any(name.values())]


def name_groups(one: Any) -> dict[str, str]:
    """One PN value as its three component groups: alphabetic, ideographic, phonetic; clean text."""
    if not isinstance(one, PersonName):
        return {"alphabetic": clean(one, NAME_LENGTH), "ideographic": "", "phonetic": ""}
    try:
        groups = [str(one.alphabetic), str(one.ideographic), str(one.phonetic)]
    except (ValueError, LookupError):
        # Bytes that the declared character set cannot hold: kept readable where they are ASCII.
        groups = [bytes(one.original_string or b"").decode("ascii", "replace"), "", ""]
    alphabetic, ideographic, phonetic = (clean(group, NAME_LENGTH) for group in groups)
    return {"alphabetic": alphabetic, "ideographic": ideographic, "phonetic": phonetic}


def _request_attributes(ds: Dataset) -> list[dict[str, Any]]:
    """The items as DICOM JSON (PS3.18 F.2), each with the two identifiers alone; items without either are left out."""
    found: list[dict[str, Any]] = []
    for item in _items(ds, "RequestAttributesSequence")[:MAX_REQUESTS]:
        texts = {tag: text(item, keyword, SHORT_LENGTH) for tag, keyword in _REQUEST_TEXTS.items()}
        told = {tag: {"vr": "SH", "Value": [one]} for tag, one in texts.items() if one}
        if told and told not in found:
            found.append(told)
    return found


def _other_patient_ids(ds: Dataset, national_id_issuers: frozenset[str]) -> list[dict[str, str]]:
    """Of the sequence (0010,1002), and of the older list (0010,1000) what the sequence does not hold."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for item in _items(ds, "OtherPatientIDsSequence"):
        identifier, issuer = text(item, "PatientID"), text(item, "IssuerOfPatientID")
        national = issuer in national_id_issuers or _type_code(item).startswith(_NATIONAL_TYPE_CODES)
        kind = "national" if national else "other"
        if identifier:
            found[identifier, issuer] = {"identifier": identifier, "issuer": issuer, "kind": kind}
    known = {identifier for identifier, _ in found}
    older = value(ds, "OtherPatientIDs")
    for one in older if isinstance(older, MultiValue | list) else [older]:
        identifier = clean(one)
        if identifier and identifier not in known:
            found[identifier, ""] = {"identifier": identifier, "issuer": "", "kind": "other"}
    return list(found.values())[:MAX_OTHER_PATIENT_IDS]


def _type_code(item: Dataset) -> str:
    qualifiers = _items(item, "IssuerOfPatientIDQualifiersSequence")
    return text(qualifiers[0], "IdentifierTypeCode") if qualifiers else ""


def _items(ds: Dataset, keyword: str) -> list[Dataset]:
    found = value(ds, keyword)
    return list(found) if isinstance(found, Sequence) else []
