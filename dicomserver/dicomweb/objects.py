"""What a search found as DICOM JSON objects (PS3.18 Tables 10.6.3-3 to -5)."""

from typing import Any, Final

from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.selectors import FoundInstance
from dicomserver.query.attributes import ATTRIBUTES
from dicomserver.query.requests import Found

Object = dict[str, dict[str, Any]]

# All text in the index is Unicode.
_CHARACTER_SET: Final = {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}
_RETRIEVE_URL: Final = "00081190"
_LEVELS: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


def found_object(found: Found) -> Object:
    """All values that were found, and where the entity is retrieved; attributes without a value are empty."""
    told = {}
    for keyword, values in found.values.items():
        attribute = ATTRIBUTES[keyword]
        told[f"{attribute.tag:08X}"] = _element(attribute.vr, *values)
    uids = [found.values[keyword][0] for keyword in _LEVELS if keyword in found.values]
    return dict(sorted({**_CHARACTER_SET, **told, _RETRIEVE_URL: _element("UR", url_of(*uids))}.items()))


def instance_object(study_instance_uid: str, found: FoundInstance) -> Object:
    """An instance of which only the index can tell."""
    url = url_of(study_instance_uid, found.series_instance_uid, found.sop_instance_uid)
    return {
        **_CHARACTER_SET,
        "00080016": _element("UI", found.sop_class_uid),
        "00080018": _element("UI", found.sop_instance_uid),
        "00080056": _element("CS", "ONLINE"),
        "00080060": _element("CS", found.modality),
        _RETRIEVE_URL: _element("UR", url),
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
