"""Writes elements in another encoding (PS3.5 7.1): values stay byte by byte, but for their order in words.

Text is never decoded and encoded again, so nothing of it can get lost, whatever its character set.
"""

import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import IO, Final

from pydicom.datadict import dictionary_VR, private_dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.tag import BaseTag

# PS3.5 Table 7.1-1.
LONG_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
# Words of so many bytes; what is not here has none.
_WORDS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), 2),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}
_ITEM: Final = 0xFFFEE000
_WAVEFORM_GROUP: Final = 0x5400
_WAVEFORM_BITS_ALLOCATED: Final = 0x54001004
_PIXEL_REPRESENTATION: Final = 0x00280103

Fetch = Callable[[RawDataElement], bytes]
"""The value of an element that was left in its file."""


class ElementWriter:
    """Writes into `file`, in explicit VR little endian or `implicit`; `is_turned` where the source is big endian."""

    def __init__(self, file: IO[bytes], *, implicit: bool, is_turned: bool, fetch: Fetch) -> None:
        self._file = file
        self._implicit = implicit
        self._is_turned = is_turned
        self._fetch = fetch

    def write(self, ds: Dataset, above: tuple[Dataset, ...] = ()) -> None:
        """Write all elements but the retired group lengths."""
        # What was left in the file is not read before it is its turn.
        for element in sorted(ds.values(), key=lambda one: one.tag):
            if element.tag.element:
                self._write(element, (ds, *above))

    def header(self, tag: int, vr: str, length: int) -> None:
        """Write what stands before a value."""
        self._file.write(struct.pack("<HH", tag >> 16, tag & 0xFFFF))
        if self._implicit:
            self._file.write(struct.pack("<L", length))
            return
        if vr not in LONG_VRS and length > 0xFFFF:
            # PS3.5 6.2.2, note 5.
            vr = "UN"
        if vr in LONG_VRS:
            self._file.write(struct.pack("<2sHL", vr.encode(), 0, length))
        else:
            self._file.write(struct.pack("<2sH", vr.encode(), length))

    def _write(self, element: DataElement | RawDataElement, levels: tuple[Dataset, ...]) -> None:
        vr = _vr_of(element, levels)
        if vr == "SQ":
            self._write_sequence(element, levels)
            return
        value = self._value(element)
        self.header(int(element.tag), vr, len(value))
        self._file.write(turned(value, _WORDS.get(vr, 1)) if self._is_turned else value)

    def _value(self, element: DataElement | RawDataElement) -> bytes:
        if isinstance(element, RawDataElement):
            return self._fetch(element) if element.value is None and element.length else element.value or b""
        # Somebody has read it: pydicom writes it as it stood there, in the byte order of the source.
        buffer = DicomBytesIO()
        buffer.is_implicit_VR, buffer.is_little_endian = True, not self._is_turned
        write_data_element(buffer, element)
        return bytes(buffer.getvalue()[8:])

    def _write_sequence(self, element: DataElement | RawDataElement, levels: tuple[Dataset, ...]) -> None:
        if isinstance(element, RawDataElement) and element.value is None:
            levels[0][element.tag] = element._replace(value=self._fetch(element) if element.length else b"")
        items = BytesIO()
        for item in levels[0][element.tag].value or ():
            content = BytesIO()
            inner = ElementWriter(content, implicit=self._implicit, is_turned=self._is_turned, fetch=self._fetch)
            inner.write(item, levels)
            items.write(struct.pack("<HHL", _ITEM >> 16, _ITEM & 0xFFFF, content.tell()))
            items.write(content.getbuffer())
        self.header(int(element.tag), "SQ", items.tell())
        self._file.write(items.getbuffer())


def turned(data: bytes, word_bytes: int) -> bytes:
    """The bytes with those of each word the other way round; what is no whole word at the end stays."""
    if word_bytes == 1:
        return data
    whole = len(data) // word_bytes * word_bytes
    result = bytearray(data)
    for index in range(word_bytes):
        result[index:whole:word_bytes] = data[word_bytes - 1 - index : whole : word_bytes]
    return bytes(result)


def _vr_of(element: DataElement | RawDataElement, levels: tuple[Dataset, ...]) -> str:
    """The VR that the element has, or should have where the source does not say (PS3.6, PS3.5 A.1)."""
    if element.VR is not None:
        return str(element.VR)
    tag = element.tag
    if tag.is_private_creator:
        return "LO"
    try:
        vr = _private_vr(tag, levels[0]) if tag.is_private else dictionary_VR(tag)
    except KeyError:
        return "UN"
    return vr if " or " not in vr else _settled(vr, tag, levels)


def _private_vr(tag: BaseTag, ds: Dataset) -> str:
    """Raises KeyError."""
    creator = ds.get_item(BaseTag(tag.group << 16 | tag.element >> 8)) if tag.element > 0xFF else None
    if creator is None:
        raise KeyError(tag)
    name = creator.value
    if isinstance(name, bytes):
        name = name.decode("ascii", "replace").strip(" \0")
    return private_dictionary_VR(tag, str(name))


def _settled(vr: str, tag: BaseTag, levels: tuple[Dataset, ...]) -> str:
    """One of several VRs, by what else is there."""
    if vr == "US or SS":
        return "SS" if _number(_PIXEL_REPRESENTATION, levels) == 1 else "US"
    if vr == "OB or OW" and tag.group == _WAVEFORM_GROUP:
        return "OB" if _number(_WAVEFORM_BITS_ALLOCATED, levels) == 8 else "OW"
    return "OW"


def _number(tag: int, levels: tuple[Dataset, ...]) -> int | None:
    """A US value of the nearest level that has it."""
    for ds in levels:
        if tag in ds:
            value = ds.get_item(tag).value
            if isinstance(value, bytes):
                return int.from_bytes(value[:2], "little")
            return value if isinstance(value, int) else None
    return None
