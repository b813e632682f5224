"""Writes the Identifiers of C-FIND responses, in a character set that can hold them (PS3.4 C.4.1.1.3.2, PS3.5 6.1)."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.valuerep import CUSTOMIZABLE_CHARSET_VR

from dicomserver.query.attributes import ATTRIBUTES, BY_TAG, Attribute
from dicomserver.query.character_sets import character_set_for
from dicomserver.query.requests import Found
from dicomserver.scp.query_keys import QUERY_RETRIEVE_LEVEL, RETRIEVE_AE_TITLE, SPECIFIC_CHARACTER_SET, Asked


def answer(asked: Asked, found: Found, others: Mapping[str, Mapping[str, Any]]) -> Dataset:
    """The match with every key that was asked for, empty where nothing is known, and the unique keys of its level.

    `others` are elements of DICOM JSON by tag that the index does not have.
    """
    ds = Dataset()
    for tag, vr in asked.elements:
        attribute = BY_TAG.get(tag)
        if attribute is not None and attribute.keyword in found.values:
            continue
        ds[tag] = _other(tag, vr, others)
    for keyword, values in found.values.items():
        attribute = ATTRIBUTES[keyword]
        if attribute.items:
            ds[attribute.tag] = _sequence(attribute, asked, values)
            continue
        ds[attribute.tag] = _element(attribute.tag, attribute.vr, [_text(value) for value in values])
    ds[QUERY_RETRIEVE_LEVEL] = _element(QUERY_RETRIEVE_LEVEL, "CS", [asked.level])
    ds[RETRIEVE_AE_TITLE] = _element(RETRIEVE_AE_TITLE, "AE", [settings.DICOM_AE_TITLE])
    if terms := character_set_for(asked.character_set, _texts(ds)):
        ds[SPECIFIC_CHARACTER_SET] = _element(SPECIFIC_CHARACTER_SET, "CS", list(terms))
    return ds


def _sequence(attribute: Attribute, asked: Asked, values: list[dict[str, Any]]) -> DataElement:
    """The items, each with what was asked for of it, or with all that is known where that is nothing."""
    known = {one.tag: one.vr for one in attribute.items}
    wanted = asked.items.get(attribute.tag) or known.items()
    items = Sequence()
    for value in values:
        item = Dataset()
        for tag, vr in wanted:
            # A peer may ask in another VR than the standard's.
            item[tag] = _element(tag, known.get(tag, vr), value.get(f"{tag:08X}", {}).get("Value", []))
        items.append(item)
    return DataElement(attribute.tag, attribute.vr, items)


def _other(tag: int, vr: str, others: Mapping[str, Mapping[str, Any]]) -> DataElement:
    known = others.get(f"{tag:08X}")
    if known is not None:
        found = Dataset.from_json({f"{tag:08X}": known})
        return found[tag]
    return _element(tag, vr, [])


def _element(tag: int, vr: str, values: list[str]) -> DataElement:
    """What is stored is told as it is, also where it breaks a rule of its VR."""
    value: Any = [] if vr == "SQ" else "\\".join(values)
    if len(values) > 1 and vr != "SQ":
        value = values
    if vr == "US":
        value = [int(one) for one in values]
        value = value[0] if len(value) == 1 else value or None
    return DataElement(tag, vr, value, validation_mode=config.IGNORE)


def _text(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    groups = [value.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic")]
    return "=".join(groups).rstrip("=")


def _texts(ds: Dataset) -> Iterable[str]:
    """All text to which a character set applies, also within sequences."""
    for element in ds.iterall():
        if element.VR in CUSTOMIZABLE_CHARSET_VR and element.VR != "SQ" and element.value is not None:
            several = [element.value] if element.VM <= 1 else element.value
            yield from (str(one) for one in several)
