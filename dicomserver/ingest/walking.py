"""Walks over a data set's first bytes for the few elements that the index needs; whatever is odd, it leaves to pydicom.

The walker is sure only where pydicom, reading the same bytes, finds the same elements in the same places and nothing
to refuse. So each of its rules is one of pydicom's reading, made narrower; a property test compares the two.
"""

import struct
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from pydicom.charset import python_encoding
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from dicomserver.ingest.encoding import Encoding
from dicomserver.ingest.reading import PIXEL_TAGS, UNDEFINED_LENGTH, Place

SPECIFIC_CHARACTER_SET: Final = 0x00080005
# A wanted element longer than this is odd. Nor may the length of one in implicit VR look like a VR (0x4141 = "AA").
MAX_WANTED_BYTES: Final = 16 * 1024
MAX_DEPTH: Final = 16

_ITEM: Final = 0xFFFEE000
_ITEM_DELIMITER: Final = 0xFFFEE00D
_SEQUENCE_DELIMITER: Final = 0xFFFEE0DD
_FIRST_DELIMITER: Final = 0xFFFE0000
_SHORT_VRS: Final = frozenset(str(vr).encode() for vr in EXPLICIT_VR_LENGTH_16)
_LONG_VRS: Final = frozenset(str(vr).encode() for vr in EXPLICIT_VR_LENGTH_32)
_PIXEL_VRS: Final = {0x7FE00008: (b"OF",), 0x7FE00009: (b"OD",), 0x7FE00010: (b"OB", b"OW")}
_CHARACTER_SETS: Final = frozenset(term.encode() for term in python_encoding)


@dataclass(frozen=True, slots=True)
class Walked:
    """The wanted elements by tag, each whole with tag, VR and length, and where the pixel data lies in the bytes."""

    elements: dict[int, bytes]
    pixel_tag: int | None = None
    pixel_data: Place | None = None


class _Unsure(Exception):
    """Something is not as it nearly always is."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """How headers of elements are unpacked: explicit VR, implicit VR (items too), and the long length."""

    explicit: Any
    implicit: Any
    length: Any


_LITTLE: Final = _Reader(*(struct.Struct(f"<{form}").unpack_from for form in ("HH2sH", "HHL", "L")))
_BIG: Final = _Reader(*(struct.Struct(f">{form}").unpack_from for form in ("HH2sH", "HHL", "L")))


def wanted_vrs(keywords: frozenset[str]) -> dict[int, bytes]:
    """What `walk` needs to know of the elements that it shall find: tag and VR."""
    tags = [tag for keyword in keywords if (tag := tag_for_keyword(keyword)) is not None]
    return {tag: dictionary_VR(tag).encode() for tag in tags} | {SPECIFIC_CHARACTER_SET: b"CS"}


def walk(data: bytes, data_set_bytes: int, encoding: Encoding, wanted: dict[int, bytes]) -> Walked | None:
    """The wanted elements of the data set of `data_set_bytes` bytes, of which `data` are the first.

    None where the walker is unsure, for one where `data` ends too early. The pixel data is not looked into, nor is it
    compared with the end of the data set; a data set without any is walked to its end.
    """
    try:
        return _walk(data, data_set_bytes, encoding, wanted)
    except (_Unsure, struct.error, IndexError):
        return None


def _walk(data: bytes, data_set_bytes: int, encoding: Encoding, wanted: dict[int, bytes]) -> Walked:
    reader = _LITTLE if encoding.little_endian else _BIG
    unpack, implicit = reader.implicit if encoding.implicit else reader.explicit, encoding.implicit
    if implicit and _looks_explicit(data, 0):
        _give_up()
    elements: dict[int, bytes] = {}
    position, last, vr = 0, -1, b""
    while position < data_set_bytes:
        # The loop of each received instance: names are local, and nothing is called for an ordinary element.
        if implicit:
            group, element, length = unpack(data, position)
            start = position + 8
        else:
            group, element, vr, length = unpack(data, position)
            start = position + 8
            if vr not in _SHORT_VRS:
                length, start = _long_length(data, start, vr, reader), position + 12
        tag = group << 16 | element
        if tag <= last or tag >= _FIRST_DELIMITER:
            _give_up()
        if tag in PIXEL_TAGS:
            return _at_pixel_data(elements, tag, vr, start, length, implicit)
        end = start + length if length != UNDEFINED_LENGTH else _skip_undefined(data, start, tag, vr, implicit, reader)
        if tag in wanted:
            elements[tag] = _wanted(data, position, start, end, vr or wanted[tag], wanted[tag])
            if tag == SPECIFIC_CHARACTER_SET:
                _check_character_set(data[start:end])
        position, last = end, tag
    if position != data_set_bytes:
        _give_up()
    return Walked(elements)


def _at_pixel_data(elements: dict[int, bytes], tag: int, vr: bytes, start: int, length: int, implicit: bool) -> Walked:
    if not implicit and vr not in _PIXEL_VRS[tag]:
        _give_up()
    return Walked(elements, tag, Place(vr.decode("ascii"), start, length))


def _wanted(data: bytes, position: int, start: int, end: int, vr: bytes, expected_vr: bytes) -> bytes:
    if vr != expected_vr or end > len(data) or end - start > MAX_WANTED_BYTES:
        _give_up()
    return data[position:end]


def _long_length(data: bytes, start: int, vr: bytes, reader: _Reader) -> int:
    if vr not in _LONG_VRS:
        _give_up()
    length: int = reader.length(data, start)[0]
    return length


def _skip_undefined(
    data: bytes, start: int, tag: int, vr: bytes, implicit: bool, reader: _Reader, depth: int = 0
) -> int:
    """The end of a value of undefined length, which must be a sequence."""
    if implicit:
        if not _is_sequence(data, start, tag, reader):
            _give_up()
    elif vr not in (b"SQ", b"UN"):
        _give_up()
    return _skip_items(data, start, len(data), implicit, reader, depth)


def _is_sequence(data: bytes, start: int, tag: int, reader: _Reader) -> bool:
    try:
        return dictionary_VR(tag) == "SQ"
    except KeyError:
        group, element, _ = reader.implicit(data, start)
        return bool(group << 16 | element == _ITEM)


def _skip_items(data: bytes, position: int, limit: int, implicit: bool, reader: _Reader, depth: int) -> int:
    """The end of a sequence of undefined length, behind its delimiter (PS3.5 7.5)."""
    if depth > MAX_DEPTH:
        _give_up()
    while True:
        group, element, length = reader.implicit(data, position)
        tag = group << 16 | element
        position += 8
        if tag == _SEQUENCE_DELIMITER and not length and position <= limit:
            return position
        if tag != _ITEM:
            _give_up()
        if length:
            position = _skip_item(data, position, limit, length, implicit, reader, depth)


def _skip_item(data: bytes, position: int, limit: int, length: int, implicit: bool, reader: _Reader, depth: int) -> int:
    delimited = length == UNDEFINED_LENGTH
    end = limit if delimited else position + length
    if end > limit:
        _give_up()
    # Items may be implicit where the data set is explicit, above all those of VR UN (PS3.5 6.2.2).
    implicit = implicit or not _looks_explicit(data, position)
    while position < end:
        vr = b""
        if implicit:
            group, element, length = reader.implicit(data, position)
            start = position + 8
        else:
            group, element, vr, length = reader.explicit(data, position)
            start = position + 8
        tag = group << 16 | element
        if tag == _ITEM_DELIMITER:
            if not delimited or data[position + 4 : start] != bytes(4):
                _give_up()
            return start
        if vr and vr not in _SHORT_VRS:
            length, start = _long_length(data, start, vr, reader), start + 4
        position = _skip_value(data, start, length, tag, vr, implicit, reader, depth)
    if delimited or position != end:
        _give_up()
    return position


def _skip_value(
    data: bytes, start: int, length: int, tag: int, vr: bytes, implicit: bool, reader: _Reader, depth: int
) -> int:
    if tag >= _FIRST_DELIMITER:
        _give_up()
    if length == UNDEFINED_LENGTH:
        return _skip_undefined(data, start, tag, vr, implicit, reader, depth + 1)
    if tag == SPECIFIC_CHARACTER_SET:
        if vr not in (b"", b"CS"):
            _give_up()
        _check_character_set(data[start : start + length])
    return start + length


def _looks_explicit(data: bytes, position: int) -> bool:
    """Where pydicom takes the first element for one with VR, whatever was announced."""
    return 0x40 < data[position + 4] < 0x5B and 0x40 < data[position + 5] < 0x5B


def _check_character_set(value: bytes) -> None:
    if not _CHARACTER_SETS.issuperset(value.rstrip(b" \0").split(b"\\")):
        _give_up()


def _give_up() -> NoReturn:
    raise _Unsure
