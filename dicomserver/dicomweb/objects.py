"""Rows of the index as the DICOM JSON objects that a search answers (PS3.18 Tables 10.6.3-3 to -5)."""

from collections.abc import Mapping
from typing import Any, Final

from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.selectors import FoundInstance
from dicomserver.index.models import Series, Study

Object = dict[str, dict[str, Any]]

# All text in the index is Unicode.
_CHARACTER_SET: Final = {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}
_ONLINE: Final = {"00080056": {"vr": "CS", "Value": ["ONLINE"]}}


def study_object(study: Study, modalities: list[str], series_count: int) -> Object:
    """A study, with the attributes that are required and its description."""
    name = {
        "Alphabetic": study.patient_name_alphabetic,
        "Ideographic": study.patient_name_ideographic,
        "Phonetic": study.patient_name_phonetic,
    }
    return {
        **_CHARACTER_SET,
        "00080020": _element("DA", study.study_date),
        "00080030": _element("TM", study.study_time),
        "00080050": _element("SH", study.accession_number),
        **_ONLINE,
        "00080061": _element("CS", *modalities),
        "00080090": _name(_groups(study.referring_physician_name)),
        "00080201": _element("SH", study.timezone_offset_from_utc),
        "00081030": _element("LO", study.study_description),
        "00081190": _element("UR", url_of(study.study_instance_uid)),
        "00100010": _name(name),
        "00100020": _element("LO", study.patient_id),
        "00100021": _element("LO", study.issuer_of_patient_id),
        "00100030": _element("DA", study.patient_birth_date),
        "00100040": _element("CS", study.patient_sex),
        "0020000D": _element("UI", study.study_instance_uid),
        "00200010": _element("SH", study.study_id),
        "00201206": _element("IS", series_count),
        "00201208": _element("IS", study.number_of_instances),
    }


def series_object(study_instance_uid: str, series: Series) -> Object:
    """A series."""
    return {
        **_CHARACTER_SET,
        "00080021": _element("DA", series.series_date),
        "00080031": _element("TM", series.series_time),
        "00080060": _element("CS", series.modality),
        "0008103E": _element("LO", series.series_description),
        "00081190": _element("UR", url_of(study_instance_uid, series.series_instance_uid)),
        "00180015": _element("CS", series.body_part_examined),
        "00181030": _element("LO", series.protocol_name),
        "0020000D": _element("UI", study_instance_uid),
        "0020000E": _element("UI", series.series_instance_uid),
        "00200011": _element("IS", series.series_number),
        "00201209": _element("IS", series.number_of_instances),
    }


def instance_object(study_instance_uid: str, found: FoundInstance) -> Object:
    """An instance."""
    url = url_of(study_instance_uid, found.series_instance_uid, found.sop_instance_uid)
    return {
        **_CHARACTER_SET,
        "00080016": _element("UI", found.sop_class_uid),
        "00080018": _element("UI", found.sop_instance_uid),
        **_ONLINE,
        "00080060": _element("CS", found.modality),
        "00081190": _element("UR", url),
        "00083002": _element("UI", found.transfer_syntax_uid),
        "0020000D": _element("UI", study_instance_uid),
        "0020000E": _element("UI", found.series_instance_uid),
        "00200013": _element("IS", found.instance_number),
        "00280008": _element("IS", found.number_of_frames),
        "00280010": _element("US", found.rows),
        "00280011": _element("US", found.columns),
        "00280100": _element("US", found.bits_allocated),
    }


def _element(vr: str, *values: object) -> dict[str, Any]:
    known = [value for value in values if value is not None and value != ""]
    return {"vr": vr, "Value": known} if known else {"vr": vr}


def _name(groups: Mapping[str, str]) -> dict[str, Any]:
    known = {keyword: value for keyword, value in groups.items() if value}
    return {"vr": "PN", "Value": [known]} if known else {"vr": "PN"}


def _groups(stored: Mapping[str, Any]) -> dict[str, str]:
    return {keyword: str(stored.get(keyword.lower()) or "") for keyword in ("Alphabetic", "Ideographic", "Phonetic")}
