"""Reads a data set's structure with pydicom: every element but the bulky values, and proof that it is complete."""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, cast

import pydicom.config
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator, read_dataset
from pydicom.tag import BaseTag

from dicomserver.archive.content import Content, OpenFile, stream_of
from dicomserver.ingest.encoding import Encoding, encoding_of, inflate
from dicomserver.ingest.errors import InstanceRefused, Reason

# Values above this stay in the file; what is kept in memory of one instance is bounded by it and by MAX_READS.
# A palette of 65,536 entries of 16 bits, which a viewer needs with the metadata, is half of it.
DEFER_BYTES: Final = 256 * 1024
# Private values of some size are the vendor's own business, and would make up most of the metadata.
MAX_PRIVATE_BYTES: Final = 4 * 1024
# Two reads an element or so: an enhanced object of 10,000 frames needs about two million.
MAX_READS: Final = 4_000_000
PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
UNDEFINED_LENGTH: Final = 0xFFFFFFFF
_PRIVATE_BULK_VRS: Final = frozenset({None, "OB", "OD", "OF", "OL", "OV", "OW", "UN"})

# Peers' values are read as they are; what cannot be read is left out element by element.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value lies: VR (empty if implicit), offset of the value, length (UNDEFINED_LENGTH if undefined)."""

    vr: str
    offset: int
    length: int


@dataclass(slots=True, kw_only=True)
class Layout:
    """Where the pixel data lies.

    `content` is what the places count in: the received file, or the inflated data set where `inflated` says so.
    The data set ends with it.
    """

    encoding: Encoding
    content: Content
    inflated: bool = False
    pixel_data: Place | None = None
    pixel_tag: int | None = None


@dataclass(slots=True, kw_only=True)
class Structure(Layout):
    """A data set without its bulky values, which are known by place in `file`, which reads `content`."""

    ds: Dataset = field(default_factory=Dataset)
    file: IO[bytes]
    bulk: dict[int, RawDataElement] = field(default_factory=dict)


class _WatchedReader:
    """A file as pydicom reads it: gives up on too many elements, and tells how the reading ended."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._reads_left = MAX_READS
        self._last_size = 0
        self._last = b""
        self.seek = file.seek
        self.tell = file.tell
        self.name = "data set"

    def read(self, size: int = -1) -> bytes:
        """Read like the file itself."""
        self._reads_left -= 1
        if self._reads_left < 0:
            raise InstanceRefused(Reason.TOO_COMPLEX, "The data set has more elements than is believable.")
        self._last_size = size
        self._last = self._file.read(size)
        return self._last

    def require_end_between_elements(self) -> None:
        """Raise InstanceRefused unless the bytes ended where an element could have begun, zero padding aside."""
        if self._last_size != 8 or len(self._last) >= 8 or self._last.strip(b"\0"):
            raise InstanceRefused(Reason.TRUNCATED, "The data set ends within an element.")


@contextmanager
def open_structure(
    content: Content, data_set_offset: int, transfer_syntax_uid: str, scratch: Path
) -> Iterator[Structure]:
    """The structure of the data set that begins at the offset of a file and ends with it.

    A deflated one is inflated into an unnamed file of the folder `scratch`. Raises InstanceRefused
    where the bytes end before the data set does, or make no sense.
    """
    encoding = encoding_of(transfer_syntax_uid)
    if not encoding.deflated:
        yield _read_structure(content, data_set_offset, encoding, inflated=False)
        return
    with inflate(stream_of(content, data_set_offset), scratch) as inflated:
        yield _read_structure(OpenFile(inflated.fileno()), 0, encoding, inflated=True)


def _read_structure(content: Content, offset: int, encoding: Encoding, *, inflated: bool) -> Structure:
    file = stream_of(content, offset)
    structure = Structure(encoding=encoding, content=content, inflated=inflated, file=file)

    def at_pixel_data(tag: BaseTag, vr: str | None, length: int) -> bool:
        if int(tag) not in PIXEL_TAGS:
            return False
        structure.pixel_tag = int(tag)
        structure.pixel_data = Place(vr or "", file.tell(), length)
        return True

    reader = _WatchedReader(file)
    with _refusing_nonsense():
        structure.ds = read_dataset(
            cast("io.BufferedReader", reader),
            encoding.implicit,
            encoding.little_endian,
            stop_when=at_pixel_data,
            defer_size=DEFER_BYTES,
        )
    if not len(structure.ds):
        raise InstanceRefused(Reason.UNREADABLE, "The data set has no readable element.")
    # Some senders encode implicitly what they announce as explicit, and the other way round; pydicom tells.
    structure.encoding = Encoding(bool(structure.ds.original_encoding[0]), encoding.little_endian, encoding.deflated)
    _note_bulky_values(structure)
    if structure.pixel_data is None:
        reader.require_end_between_elements()
    elif structure.pixel_data.length != UNDEFINED_LENGTH:
        check_trailing_elements(structure, structure.pixel_data.offset + structure.pixel_data.length)
    return structure


def check_trailing_elements(layout: Layout, offset: int) -> None:
    """The elements from the offset on (padding, signatures behind the pixel data) must be whole."""
    if offset == layout.content.size:
        return
    if offset > layout.content.size:
        raise InstanceRefused(Reason.TRUNCATED, "The data set ends within its pixel data.")
    _check_elements(stream_of(layout.content, offset), layout)


def _check_elements(file: IO[bytes], layout: Layout) -> None:
    reader = _WatchedReader(file)
    with _refusing_nonsense():
        elements = data_element_generator(
            cast("io.BufferedReader", reader),
            layout.encoding.implicit,
            layout.encoding.little_endian,
            defer_size=DEFER_BYTES,
        )
        for element in elements:
            _check_whole(element, layout.content.size)
    reader.require_end_between_elements()


@contextmanager
def _refusing_nonsense() -> Iterator[None]:
    try:
        yield
    except InstanceRefused:
        raise
    except RecursionError as error:
        raise InstanceRefused(Reason.TOO_COMPLEX, "The data set's sequences are nested too deeply.") from error
    except (OSError, EOFError, struct.error) as error:
        raise InstanceRefused(Reason.TRUNCATED, "The data set ends within an element or sequence.") from error
    except Exception as error:  # pydicom answers hostile bytes with errors of many types
        raise InstanceRefused(Reason.UNREADABLE, "The data set's elements cannot be told apart.") from error


def _note_bulky_values(structure: Structure) -> None:
    for element in structure.ds.values():
        _check_whole(element, structure.content.size)
        if not isinstance(element, RawDataElement) or element.length == UNDEFINED_LENGTH:
            continue
        limit = MAX_PRIVATE_BYTES if element.tag.is_private and element.VR in _PRIVATE_BULK_VRS else DEFER_BYTES
        if element.length > limit:
            structure.bulk[int(element.tag)] = element


def _check_whole(element: object, end: int) -> None:
    """Every value must be there in full."""
    if not isinstance(element, RawDataElement) or element.length == UNDEFINED_LENGTH:
        return
    if element.value_tell + element.length > end:
        raise InstanceRefused(Reason.TRUNCATED, "The data set ends within a value.")
