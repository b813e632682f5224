"""Prepares an instance's metadata as DICOM JSON (PS3.18 Annex F) without bulky values, element by element."""

import base64
import json
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset
from pydicom.filewriter import correct_ambiguous_vr_element
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from dicomserver.ingest.attributes import name_groups
from dicomserver.ingest.reading import DEFER_BYTES, MAX_PRIVATE_BYTES, UNDEFINED_LENGTH, Place, Structure

# A sequence held back for its size is read after all up to this size.
MAX_SEQUENCE_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 32
# Shorter values are remembered with their JSON: what is remembered stays below some megabytes.
MAX_REMEMBERED_BYTES: Final = 2048
SPECIFIC_CHARACTER_SET: Final = 0x00080005

_LEFT_OUT_GROUPS: Final = frozenset({0x0000, 0x0002, 0xFFFC, 0xFFFE})
_BINARY_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_NUMBERS: Final[dict[str, Callable[[Any], int | float]]] = {
    **dict.fromkeys(("IS", "SL", "SS", "SV", "UL", "US", "UV"), int),
    **dict.fromkeys(("DS", "FD", "FL"), float),
}
# Words of these, which a big-endian data set holds the other way round (PS3.5 7.3).
WORD_BYTES: Final = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
# Before the path `<sequence>/<item from 1>/<tag>` of a bulky value within sequences, until an answer is written, which
# knows the address. No text of a data set makes such a mark, as its quotation marks are escaped.
_PATH: Final = "path:"
_MARK: Final = f'"BulkDataURI":"{_PATH}'
# Where the data set does not say which of two it means (PS3.5 8.1.2, PS3.6), the one that loses nothing.
_AMBIGUOUS: Final = {"US or SS": "US", "OB or OW": "OW", "US or OW": "OW", "US or SS or OW": "OW"}

Path = tuple[tuple[int, int], ...]
"""The sequences that an element lies in, from the outermost, each with the number of its item from 1."""


class Unrepresentable(ValueError):
    """An element that JSON cannot carry: it is left out, the instance is not."""


def metadata_json(structure: Structure) -> str:
    """One JSON object of the data set's elements; what is bulky or cannot be represented is left out."""
    read_held_back_sequences(structure)
    text = data_set_json(structure.ds, structure.encoding.little_endian, frozenset(structure.bulk))
    if not structure.inflated or not structure.bulk:
        return text
    # These have no place in the file: see `bulk_table`.
    found = {
        f"{tag:08X}": {"vr": raw.VR or "UN", "BulkDataURI": f"{_PATH}{tag:08X}"} for tag, raw in structure.bulk.items()
    }
    return f"{text[:-1]},{_text(found)[1:]}" if text != "{}" else _text(found)


def data_set_json(ds: Dataset, little_endian: bool, skip: frozenset[int] = frozenset()) -> str:
    """One JSON object of the elements but those to skip; what cannot be represented is left out."""
    members = _members(ds, little_endian, skip)
    # Halves of surrogate pairs, which undecodable text may hold, cannot be stored.
    return f"{{{','.join(members)}}}".encode("utf-8", "replace").decode("utf-8")


def _members(ds: Dataset, little_endian: bool, skip: frozenset[int]) -> Iterator[str]:
    encoding = ds.original_character_set or "iso8859"
    encodings = encoding if isinstance(encoding, str) else tuple(encoding)
    for tag in _tags(ds, skip):
        raw: object = ds.get_item(tag)
        try:
            if int(tag) == SPECIFIC_CHARACTER_SET:
                text = _character_set(_element(ds[tag], ds, little_endian, ()))
            elif isinstance(raw, RawDataElement) and _stands_alone(raw):
                # Most elements are the same in all instances of a series.
                text = _text_of_raw(int(tag), raw.VR, raw.value, raw.is_implicit_VR, little_endian, encodings)
            else:
                text = _text(_element(ds[tag], ds, little_endian, ()))
        except Exception:  # noqa: BLE001, S112 - pydicom answers broken values with errors of many types
            continue
        yield f'"{int(tag):08X}":{text}'


def _tags(ds: Dataset, skip: frozenset[int] = frozenset()) -> Iterator[BaseTag]:
    for tag in sorted(ds.keys()):
        if tag.group not in _LEFT_OUT_GROUPS and tag.element != 0 and int(tag) not in skip:
            yield tag


def _stands_alone(raw: RawDataElement) -> bool:
    """Whether the element means the same in whatever data set it is."""
    if raw.value is None or len(raw.value) > MAX_REMEMBERED_BYTES:
        return False
    if raw.VR is None or raw.VR == "UN":
        # Private ones are told by their creator, others of this kind by other elements.
        known = dictionary_VR(raw.tag) if dictionary_has_tag(raw.tag) else ""
        return bool(known) and known != "SQ" and " or " not in known
    return raw.VR != "SQ" or b"UN" not in raw.value


@lru_cache(maxsize=2048)
def _text_of_raw(
    tag: int, vr: str | None, value: bytes, is_implicit: bool, little_endian: bool, encodings: str | tuple[str, ...]
) -> str:
    raw = RawDataElement(BaseTag(tag), vr, len(value), value, 0, is_implicit, little_endian, True)
    encoding = encodings if isinstance(encodings, str) else list(encodings)
    return _text(_element(convert_raw_data_element(raw, encoding=encoding, ds=None), Dataset(), little_endian, ()))


def _character_set(element: dict[str, Any]) -> str:
    """The text is Unicode now, whatever it was encoded in."""
    return _text(element | {"Value": ["ISO_IR 192"]} if "Value" in element else element)


def _text(element: dict[str, Any]) -> str:
    return json.dumps(element, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def with_addresses(dicom_json: str, instance_url: str) -> str:
    """The JSON with addresses in the place of paths."""
    return dicom_json.replace(_MARK, f'"BulkDataURI":"{instance_url}/bulkdata/')


def bulk_table(structure: Structure) -> dict[str, list[Any]]:
    """Place in the file of each top-level value not in the metadata: {"7FE00010": [vr, offset, length], ...}.

    The length is -1 for encapsulated pixel data. Empty for a deflated data set, whose file has no such places.
    """
    if structure.inflated:
        return {}
    places = {tag: Place(raw.VR or "", raw.value_tell, raw.length) for tag, raw in structure.bulk.items()}
    if structure.pixel_data and structure.pixel_tag:
        places[structure.pixel_tag] = structure.pixel_data
    return {
        f"{tag:08X}": [place.vr, place.offset, -1 if place.length == UNDEFINED_LENGTH else place.length]
        for tag, place in sorted(places.items())
    }


def read_held_back_sequences(structure: Structure) -> None:
    """Read the sequences that were left in the file for their size, up to MAX_SEQUENCE_BYTES each."""
    for tag, raw in list(structure.bulk.items()):
        is_sequence = raw.VR == "SQ" or (not raw.VR and dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ")
        if not is_sequence or raw.length > MAX_SEQUENCE_BYTES:
            continue
        structure.file.seek(raw.value_tell)
        content = structure.file.read(raw.length)
        try:
            structure.ds[BaseTag(tag)] = convert_raw_data_element(
                raw._replace(value=content), encoding=structure.ds.original_character_set, ds=structure.ds
            )
        except Exception:  # noqa: BLE001, S112 - pydicom answers broken sequences with errors of many types
            continue
        del structure.bulk[tag]


def binary_value(element: DataElement, ds: Dataset, little_endian: bool) -> tuple[str, bytes] | None:
    """VR and little-endian bytes of a binary value of the data set; None where the element has none."""
    vr = _vr_of(element, ds, little_endian)
    if vr not in _BINARY_VRS or not isinstance(element.value, bytes):
        return None
    return vr, element.value if little_endian else turned(element.value, WORD_BYTES.get(vr, 1))


def turned(value: bytes, word_bytes: int) -> bytes:
    """Words the other way round; what is left over stays as it is."""
    if word_bytes == 1:
        return value
    result = bytearray(value)
    whole = len(value) - len(value) % word_bytes
    for index in range(word_bytes):
        result[index:whole:word_bytes] = value[word_bytes - 1 - index : whole : word_bytes]
    return bytes(result)


def _vr_of(element: DataElement, ds: Dataset, little_endian: bool) -> str:
    if " or " in element.VR:
        # Changes the element in place.
        correct_ambiguous_vr_element(element, ds, little_endian)
    return _AMBIGUOUS.get(element.VR, str(element.VR))


def _dataset(ds: Dataset, little_endian: bool, path: Path) -> dict[str, Any]:
    if len(path) > MAX_DEPTH:
        raise Unrepresentable("sequences nested too deeply")
    elements: dict[str, Any] = {}
    for tag in _tags(ds):
        try:
            elements[f"{int(tag):08X}"] = _element(ds[tag], ds, little_endian, path)
        except Exception:  # noqa: BLE001, S112 - pydicom answers broken values with errors of many types
            continue
    return elements


def _element(element: DataElement, ds: Dataset, little_endian: bool, path: Path) -> dict[str, Any]:
    vr = _vr_of(element, ds, little_endian)
    if vr == "SQ":
        items = enumerate(element.value or (), start=1)
        inner = [_dataset(item, little_endian, (*path, (int(element.tag), number))) for number, item in items]
        return {"vr": vr, "Value": inner}
    if element.is_empty:
        return {"vr": vr}
    if vr in _BINARY_VRS:
        return _binary(element, ds, little_endian, path)
    values = list(element.value) if isinstance(element.value, MultiValue | list) else [element.value]
    return {"vr": vr, "Value": [_value(one, vr) for one in values]}


def _binary(element: DataElement, ds: Dataset, little_endian: bool, path: Path) -> dict[str, Any]:
    found = binary_value(element, ds, little_endian)
    if found is None:
        raise Unrepresentable("not bytes")
    vr, value = found
    if len(value) <= (MAX_PRIVATE_BYTES if element.tag.is_private else DEFER_BYTES):
        return {"vr": vr, "InlineBinary": base64.b64encode(value).decode("ascii")}
    if element.tag.is_private or not path:
        raise Unrepresentable("too large to be metadata")
    steps = "".join(f"{tag:08X}/{item}/" for tag, item in path)
    return {"vr": vr, "BulkDataURI": f"{_PATH}{steps}{int(element.tag):08X}"}


def _value(one: Any, vr: str) -> Any:
    if one is None or one == "":
        return None
    if vr == "PN":
        groups = name_groups(one)
        return {group.capitalize(): text for group, text in groups.items() if text} or None
    if vr == "AT":
        return f"{int(one):08X}"
    if vr in _NUMBERS:
        number = _NUMBERS[vr](one)
        if not math.isfinite(number):
            raise Unrepresentable("not a number that JSON knows")
        return number
    if not isinstance(one, str):
        raise Unrepresentable("not text")
    return str(one)
