"""An object about to be made: its attributes, and the one large value that is copied from the file piece by piece."""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

CHARACTER_SET: Final = "ISO_IR 192"
PIXEL_DATA: Final = 0x7FE00010
ENCAPSULATED_DOCUMENT: Final = 0x00420011
# What a length of 32 bits can say, even, with room for padding.
MAX_VALUE_BYTES: Final = 0xFFFFFFF0
_STEP: Final = 1024 * 1024


class WrappingRefused(Exception):
    """The file cannot be kept as DICOM; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What the file itself determines: class, transfer syntax, attributes, and its value under `tag`.

    `length` is that of `pieces` in bytes; the value is encapsulated as one fragment where `is_encapsulated` says so.
    """

    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str
    ds: Dataset
    tag: int
    length: int
    pieces: Callable[[], Iterable[bytes]]
    vr: str = "OB"
    is_encapsulated: bool = False


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """The file from its start."""
    file.seek(0)
    while piece := file.read(_STEP):
        yield piece


def encoded(wrapped: Wrapped, ds: Dataset) -> Iterator[bytes]:
    """The whole data set in explicit VR little endian: `ds`, and the value in its place."""
    yield _elements(ds, 0, wrapped.tag)
    group, element = wrapped.tag >> 16, wrapped.tag & 0xFFFF
    padding = wrapped.length % 2
    if wrapped.is_encapsulated:
        # PS3.5 A.4: an empty offset table, one fragment, the end.
        yield struct.pack("<HH2sHL", group, element, b"OB", 0, 0xFFFFFFFF)
        yield struct.pack("<HHLHHL", 0xFFFE, 0xE000, 0, 0xFFFE, 0xE000, wrapped.length + padding)
    else:
        yield struct.pack("<HH2sHL", group, element, wrapped.vr.encode(), 0, wrapped.length + padding)
    yield from wrapped.pieces()
    yield bytes(padding)
    if wrapped.is_encapsulated:
        yield struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    yield _elements(ds, wrapped.tag + 1, 0xFFFFFFFF)


def _elements(ds: Dataset, first: int, end: int) -> bytes:
    elements: dict[Any, Any] = {tag: ds[tag] for tag in sorted(ds.keys()) if first <= int(tag) < end}
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = False, True
    write_dataset(buffer, Dataset(elements), CHARACTER_SET)
    return buffer.getvalue()
