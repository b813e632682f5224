"""The Store Instances Response (PS3.18 10.5.3, Annex I) as DICOM JSON (PS3.18 F) and as XML (PS3.19 A.1)."""

import json
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.storing.results import Failed, Results, Stored

_KEYWORDS: Final = {
    "00081150": "ReferencedSOPClassUID",
    "00081155": "ReferencedSOPInstanceUID",
    "00081190": "RetrieveURL",
    "00081196": "WarningReason",
    "00081197": "FailureReason",
    "00081198": "FailedSOPSequence",
    "00081199": "ReferencedSOPSequence",
    "0008119A": "OtherFailuresSequence",
}
_NATIVE_MODEL: Final = "http://dicom.nema.org/PS3.19/models/NativeDICOM"

DicomJson = dict[str, dict[str, Any]]


def response_json(results: Results) -> str:
    """The response as application/dicom+json: one data set."""
    return json.dumps(response_data_set(results), separators=(",", ":"))


def response_xml(results: Results) -> bytes:
    """The response as application/dicom+xml."""
    root = Element("NativeDicomModel", {"xmlns": _NATIVE_MODEL, "xml:space": "preserve"})
    _add_attributes(root, response_data_set(results))
    content: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def response_data_set(results: Results) -> DicomJson:
    """The response's attributes in the DICOM JSON Model."""
    studies = {one.study_instance_uid for one in results.stored}
    ds: DicomJson = {"00081190": _element("UR", url_of(*studies)) if len(studies) == 1 else {"vr": "UR"}}
    known = [one for one in results.failed if one.sop_instance_uid]
    others = [one for one in results.failed if not one.sop_instance_uid]
    sequences = (
        ("00081198", [_failed(one) for one in known]),
        ("00081199", [_stored(one) for one in results.stored]),
        ("0008119A", [{"00081197": _element("US", one.reason)} for one in others]),
    )
    return ds | {tag: {"vr": "SQ", "Value": items} for tag, items in sequences if items}


def _stored(one: Stored) -> DicomJson:
    address = url_of(one.study_instance_uid, one.series_instance_uid, one.sop_instance_uid)
    item = _reference(one) | {"00081190": _element("UR", address)}
    return item if one.warning is None else item | {"00081196": _element("US", one.warning)}


def _failed(one: Failed) -> DicomJson:
    return _reference(one) | {"00081197": _element("US", one.reason)}


def _reference(one: Stored | Failed) -> DicomJson:
    return {"00081150": _element("UI", one.sop_class_uid), "00081155": _element("UI", one.sop_instance_uid)}


def _element(vr: str, value: str | int) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]} if value != "" else {"vr": vr}


def _add_attributes(parent: Element, ds: DicomJson) -> None:
    for tag, element in ds.items():
        attributes = {"tag": tag, "vr": element["vr"], "keyword": _KEYWORDS[tag]}
        attribute = SubElement(parent, "DicomAttribute", attributes)
        for number, value in enumerate(element.get("Value", ()), start=1):
            if element["vr"] == "SQ":
                _add_attributes(SubElement(attribute, "Item", {"number": str(number)}), value)
            else:
                SubElement(attribute, "Value", {"number": str(number)}).text = str(value)
