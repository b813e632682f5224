"""The Store Instances Response (PS3.18 10.5.3, Annex I) as DICOM JSON (PS3.18 F) and as XML (PS3.19 A.1)."""

import json
from typing import Any

from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.native_model import native_model
from dicomserver.dicomweb.storing.results import Failed, Results, Stored

DicomJson = dict[str, dict[str, Any]]


def response_json(results: Results) -> str:
    """The response as application/dicom+json: one data set."""
    return json.dumps(response_data_set(results), separators=(",", ":"))


def response_xml(results: Results) -> bytes:
    """The response as application/dicom+xml."""
    return native_model(response_data_set(results))


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
