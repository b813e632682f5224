"""Writes objects of DICOM JSON (PS3.18 F) as the Native DICOM Model of PS3.19 A.1, which is application/dicom+xml."""

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pydicom.datadict import keyword_for_tag

NAMESPACE: Final = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_NAME_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
_NAME_COMPONENTS: Final = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
# Of a private element's tag: the block that its creator reserved (PS3.5 7.8.1).
_BLOCK: Final = slice(4, 6)
# What XML 1.0 cannot hold, not even as a reference.
_NO_CHARACTERS: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

DicomJson = Mapping[str, Mapping[str, Any]]


def native_model(ds: DicomJson) -> bytes:
    """The object as a document of its own, in UTF-8."""
    root = Element("NativeDicomModel", {"xmlns": NAMESPACE, "xml:space": "preserve"})
    _add_attributes(root, ds)
    content: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _add_attributes(parent: Element, ds: DicomJson) -> None:
    for tag, element in sorted(ds.items()):
        attributes = _identity(tag, str(element.get("vr", "UN")), ds)
        _add_values(SubElement(parent, "DicomAttribute", attributes), element)


def _identity(tag: str, vr: str, ds: DicomJson) -> dict[str, str]:
    """The XML attributes that say which element it is: a private one names its creator, and its tag no block."""
    if int(tag[3], 16) % 2 == 0:
        keyword = keyword_for_tag(int(tag, 16))
        return {"tag": tag, "vr": vr, **({"keyword": keyword} if keyword else {})}
    creator = ds.get(f"{tag[:4]}00{tag[_BLOCK]}", {}).get("Value") if tag[_BLOCK] != "00" else None
    told = {"privateCreator": _text(creator[0])} if creator else {}
    return {"tag": f"{tag[:4]}00{tag[6:]}" if told else tag, "vr": vr, **told}


def _add_values(attribute: Element, element: Mapping[str, Any]) -> None:
    if "BulkDataURI" in element:
        SubElement(attribute, "BulkData", {"uri": str(element["BulkDataURI"])})
    elif "InlineBinary" in element:
        SubElement(attribute, "InlineBinary").text = str(element["InlineBinary"])
    for number, value in enumerate(element.get("Value", ()), start=1):
        numbered = {"number": str(number)}
        if element.get("vr") == "SQ":
            _add_attributes(SubElement(attribute, "Item", numbered), value or {})
        elif isinstance(value, Mapping):
            _add_name(SubElement(attribute, "PersonName", numbered), value)
        elif value is not None:
            SubElement(attribute, "Value", numbered).text = _text(value)


def _add_name(name: Element, groups: Mapping[str, Any]) -> None:
    for group in _NAME_GROUPS:
        if not groups.get(group):
            continue
        written = SubElement(name, group)
        for component, text in zip(_NAME_COMPONENTS, str(groups[group]).split("^"), strict=False):
            if text:
                SubElement(written, component).text = _text(text)


def _text(value: object) -> str:
    return _NO_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", str(value))
