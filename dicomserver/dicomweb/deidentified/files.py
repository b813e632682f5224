"""A stored instance as a cleaned Part-10 file: the header is written anew, the pixels follow as they are stored.

What is sent is first laid out as pieces of bytes and regions of the stored file, so that its length is known and the
memory that it takes is that of the header.
"""

import errno
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.tag import BaseTag

from dicomserver.archive import FileMeta
from dicomserver.archive.content import OpenFile
from dicomserver.archive.file_meta import encode_file_head
from dicomserver.dicomweb.deidentified.cleaning import clean, stays_as_it_is
from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.dicomweb.deidentified.profile import vr_of
from dicomserver.dicomweb.deidentified.selectors import ShownInstance
from dicomserver.dicomweb.media import DICOM
from dicomserver.dicomweb.multipart import Part
from dicomserver.dicomweb.storage import PIECE_BYTES, opened, pieces
from dicomserver.index.frames import Span
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.dicom_json import read_held_back_sequences
from dicomserver.ingest.encoding import Encoding, encoding_of
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.pixels import end_of_fragments
from dicomserver.ingest.reading import UNDEFINED_LENGTH, Place, Structure, open_structure

# Layouts that are remembered between telling the length and sending.
MAX_REMEMBERED_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Layout:
    """What the data set is made of, in order: bytes, and regions of the stored data set."""

    pieces: tuple[bytes | Span, ...]

    @property
    def length(self) -> int:
        """How many bytes the data set takes, before it is deflated."""
        return sum(len(piece) if isinstance(piece, bytes) else piece[1] for piece in self.pieces)

    @property
    def held_bytes(self) -> int:
        """How many bytes are in memory."""
        return sum(len(piece) for piece in self.pieces if isinstance(piece, bytes))


def file_part(shown: ShownInstance, disguise: Disguise) -> Part:
    """The instance as one part of an answer. Raises OSError where its file cannot be read."""
    syntax = shown.stored.transfer_syntax_uid
    head = _head(shown, disguise)
    if encoding_of(syntax).deflated:
        # Deflated twice, which takes time and no memory: the length stands before the first byte.
        length = sum(map(len, _deflated(shown, disguise)))
    else:
        length = memory.layout(shown, disguise).length
    return Part(f"{DICOM}; transfer-syntax={syntax}", len(head) + length, partial(_pieces, shown, disguise, head))


@contextmanager
def opened_structure(shown: ShownInstance) -> Iterator[Structure]:
    """The instance's data set, every element but the bulky values. Raises OSError."""
    try:
        with (
            opened(shown.stored) as descriptor,
            open_structure(
                OpenFile(descriptor),
                shown.data_set_offset,
                shown.stored.transfer_syntax_uid,
                scratch=configured_archive().incoming,
            ) as structure,
        ):
            yield structure
    except InstanceRefused as error:
        raise OSError(errno.EIO, str(error.reason)) from error


class LayoutMemory:
    """The layouts that one process remembers for a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._layouts: OrderedDict[tuple[str, str, int], Layout] = OrderedDict()
        self._held_bytes = 0

    def layout(self, shown: ShownInstance, disguise: Disguise) -> Layout:
        """The layout of the instance's cleaned data set. Raises OSError."""
        key = disguise.digest, shown.stored.data_set_sha256, shown.stored.pk
        with self._lock:
            known = self._layouts.get(key)
        if known is not None:
            return known
        with opened_structure(shown) as structure:
            layout = layout_of(structure, encoding_of(shown.stored.transfer_syntax_uid), disguise)
        with self._lock:
            if key not in self._layouts:
                self._layouts[key] = layout
                self._held_bytes += layout.held_bytes
            while self._held_bytes > MAX_REMEMBERED_BYTES and self._layouts:
                _, oldest = self._layouts.popitem(last=False)
                self._held_bytes -= oldest.held_bytes
        return layout


memory: Final = LayoutMemory()


def layout_of(structure: Structure, encoding: Encoding, disguise: Disguise) -> Layout:
    """The cleaned data set in the encoding; nothing that stood behind the pixel data is in it."""
    read_held_back_sequences(structure)
    cleaned = clean(structure.ds, disguise)
    places = {
        tag: Place(raw.VR or "", raw.value_tell, raw.length)
        for tag, raw in structure.bulk.items()
        if stays_as_it_is(tag, raw.VR, disguise.options)
    }
    if structure.pixel_data is not None and structure.pixel_tag is not None:
        places[structure.pixel_tag] = structure.pixel_data
    laid_out: list[bytes | Span] = []
    first = 0
    for tag, place in sorted(places.items()):
        laid_out += [_encoded(cleaned, first, tag, encoding), *_value(structure, encoding, tag, place)]
        first = tag
    laid_out.append(_encoded(cleaned, first, 0xFFFFFFFF, encoding))
    return Layout(tuple(laid_out))


def _encoded(ds: Dataset, first: int, end: int, encoding: Encoding) -> bytes:
    """The elements from tag `first` up to `end`; those that cannot be written are left out."""
    elements: dict[BaseTag, Any] = {tag: ds.get_item(tag) for tag in sorted(ds.keys()) if first <= int(tag) < end}
    try:
        return _written(elements, ds, encoding)
    except Exception:  # noqa: BLE001 - pydicom answers broken values with errors of many types
        return b"".join(_written_alone(tag, element, ds, encoding) for tag, element in elements.items())


def _written_alone(tag: BaseTag, element: Any, ds: Dataset, encoding: Encoding) -> bytes:
    try:
        return _written({tag: element}, ds, encoding)
    except Exception:  # noqa: BLE001 - as above
        return b""


def _written(elements: dict[BaseTag, Any], ds: Dataset, encoding: Encoding) -> bytes:
    character_set = ds.original_character_set
    part = Dataset(elements, parent_encoding=character_set)
    implicit, little_endian = ds.original_encoding
    part.set_original_encoding(implicit, little_endian, character_set)
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = encoding.implicit
    buffer.is_little_endian = encoding.little_endian
    write_dataset(buffer, part, character_set if isinstance(character_set, str) else list(character_set))
    return buffer.getvalue()


def _value(structure: Structure, encoding: Encoding, tag: int, place: Place) -> list[bytes | Span]:
    """An element whose value is copied: its tag, VR and length, and where the value is."""
    order = "<" if encoding.little_endian else ">"
    is_encapsulated = place.length == UNDEFINED_LENGTH
    if encoding.implicit:
        head = struct.pack(f"{order}HHL", tag >> 16, tag & 0xFFFF, place.length)
    else:
        vr = "OB" if is_encapsulated else place.vr or vr_of(tag, "OW")
        head = struct.pack(f"{order}HH2sHL", tag >> 16, tag & 0xFFFF, vr.encode(), 0, place.length)
    end = end_of_fragments(structure.content, place.offset) if is_encapsulated else place.offset + place.length
    return [head, (place.offset, end - place.offset)]


def _head(shown: ShownInstance, disguise: Disguise) -> bytes:
    """Preamble of zeros and file meta without AE titles or receipt."""
    uid = disguise.uid(shown.stored.sop_instance_uid)
    return encode_file_head(FileMeta(shown.found.sop_class_uid, uid, shown.stored.transfer_syntax_uid))


def _pieces(shown: ShownInstance, disguise: Disguise, head: bytes) -> Iterable[bytes]:
    yield head
    if encoding_of(shown.stored.transfer_syntax_uid).deflated:
        yield from _deflated(shown, disguise)
        return
    for piece in memory.layout(shown, disguise).pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from pieces(shown.stored, *piece)


def _deflated(shown: ShownInstance, disguise: Disguise) -> Iterator[bytes]:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    length = 0
    with opened_structure(shown) as structure:
        layout = layout_of(structure, encoding_of(shown.stored.transfer_syntax_uid), disguise)
        for piece in _inflated(structure, layout):
            deflated = deflater.compress(piece)
            length += len(deflated)
            yield deflated
    rest = deflater.flush()
    # PS3.5 A.5: an odd length is padded.
    yield rest + b"\0" * ((length + len(rest)) % 2)


def _inflated(structure: Structure, layout: Layout) -> Iterator[bytes]:
    for piece in layout.pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        offset, length = piece
        for start in range(offset, offset + length, PIECE_BYTES):
            yield structure.content.pread(min(PIECE_BYTES, offset + length - start), start)
