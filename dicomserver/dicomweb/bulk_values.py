"""Values that metadata refer to: as what they are served, and taken out of the data set where no place is known."""

import errno
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicomserver.archive.content import OpenFile
from dicomserver.dicomweb.deidentified.cleaning import clean
from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.dicomweb.deidentified.metadata import is_sent_value
from dicomserver.dicomweb.media import EXPLICIT_VR_LITTLE_ENDIAN, OCTET_STREAM, VIDEO_TYPES
from dicomserver.dicomweb.preparing import metadata_of
from dicomserver.dicomweb.selectors import BulkSource, StoredInstance
from dicomserver.dicomweb.storage import opened, pieces, told_if_unreadable
from dicomserver.index.frames import FrameTable, Span
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.dicom_json import (
    MAX_SEQUENCE_BYTES,
    WORD_BYTES,
    binary_value,
    read_held_back_sequences,
    turned,
)
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.pixels import fragments_of
from dicomserver.ingest.reading import Structure, open_structure

PIXEL_TAGS: Final = frozenset({"7FE00008", "7FE00009", "7FE00010"})
ENCAPSULATED_DOCUMENT: Final = "00420011"
_MIME_TYPE_OF_ENCAPSULATED_DOCUMENT: Final = "00420012"
_ENCAPSULATED_DOCUMENT_LENGTH: Final = "00420015"
# What a document may be called; nothing that a browser would run.
_DOCUMENT_TYPES: Final = frozenset({"application/pdf", "model/mtl", "model/obj", "model/stl", "text/xml"})

_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
_STEPS: Final = 2


@dataclass(frozen=True, slots=True)
class BulkValue:
    """A value as it is served: its media type, its transfer syntax (empty where it has none), and its bytes.

    These are frames, each of which is a part of its own; or regions of the instance's file; or what `made` returns.
    """

    stored: StoredInstance
    path: str
    media_type: str = OCTET_STREAM
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN
    frames: FrameTable | None = None
    spans: tuple[Span, ...] = ()
    made: Callable[[], bytes | None] | None = None

    @property
    def frame_count(self) -> int:
        """How many frames are read with it."""
        if self.frames is not None:
            return self.frames.count
        return self.stored.number_of_frames or 1 if self.path in PIXEL_TAGS else 0


def bulk_value(source: BulkSource, path: str, disguise: Disguise | None) -> BulkValue | None:
    """The value at the path; None where there is none to be sent. Raises Refused where a video cannot be read."""
    stored, place = source.stored, (source.places or {}).get(path)
    if place is None:
        # In a deflated data set, within sequences, or small enough to be in the metadata too.
        return _frames(source, path) if path in PIXEL_TAGS else _without_place(source, path, disguise)
    vr, offset, length = place
    if disguise is not None and not is_sent_value(path, vr, disguise):
        return None
    if path in PIXEL_TAGS and length < 0 and is_video(stored.transfer_syntax_uid):
        with told_if_unreadable(stored):
            media_type, spans = _video_stream(stored, offset)
        return BulkValue(stored, path, media_type, stored.transfer_syntax_uid, spans=spans)
    is_turned = stored.transfer_syntax_uid == _BIG_ENDIAN and vr in WORD_BYTES
    if length < 0 or (path in PIXEL_TAGS and is_turned):
        return _frames(source, path)
    if is_turned:
        return BulkValue(stored, path, made=lambda: turned(b"".join(pieces(stored, offset, length)), WORD_BYTES[vr]))
    if path == ENCAPSULATED_DOCUMENT:
        media_type, length = _document(stored, length)
        return BulkValue(stored, path, media_type, "", spans=((offset, length),))
    return BulkValue(stored, path, spans=((offset, length),))


def _frames(source: BulkSource, path: str) -> BulkValue | None:
    table = source.frame_table
    return None if table is None else BulkValue(source.stored, path, frames=FrameTable.from_json(table))


def _without_place(source: BulkSource, path: str, disguise: Disguise | None) -> BulkValue:
    stored, media_type, syntax = source.stored, OCTET_STREAM, EXPLICIT_VR_LITTLE_ENDIAN
    if path == ENCAPSULATED_DOCUMENT:
        media_type, syntax = _document(stored, 0)[0], ""

    def made() -> bytes | None:
        value = _taken_out(source, path, disguise)
        if value is None or path != ENCAPSULATED_DOCUMENT:
            return value
        return value[: _document(stored, len(value))[1]]

    return BulkValue(stored, path, media_type, syntax, made=made)


def is_video(transfer_syntax_uid: str) -> bool:
    """Whether the pixel data is one stream of moving pictures."""
    return transfer_syntax_uid in VIDEO_TYPES


def _video_stream(stored: StoredInstance, offset: int) -> tuple[str, tuple[Span, ...]]:
    """Media type and bytes of a video whose pixel data begins at the offset. Raises OSError."""
    with opened(stored) as descriptor, _errors_of_reading():
        content = OpenFile(descriptor)
        spans = fragments_of(content, offset)
        start = content.pread(12, spans[0][0]) if spans else b""
    # PS3.5 8.2.7: H.264 comes as MPEG-4 file or as transport stream, of which browsers play the first.
    if start[4:8] == b"ftyp":
        return "video/mp4", spans
    if start[:1] == b"\x47":
        return "video/mp2t", spans
    return VIDEO_TYPES[stored.transfer_syntax_uid], spans


def _document(stored: StoredInstance, length: int) -> tuple[str, int]:
    """Media type and length of the instance's encapsulated document, of which `length` is the value's."""
    prepared = metadata_of(stored.pk)
    if prepared is None:
        return OCTET_STREAM, length
    attributes = json.loads(prepared[0])
    named = _first(attributes, _MIME_TYPE_OF_ENCAPSULATED_DOCUMENT)
    found = named.lower() if isinstance(named, str) else ""
    # Without the byte that made it even.
    is_padded = _first(attributes, _ENCAPSULATED_DOCUMENT_LENGTH) == length - 1
    return found if found in _DOCUMENT_TYPES else OCTET_STREAM, length - 1 if is_padded else length


def _taken_out(source: BulkSource, path: str, disguise: Disguise | None) -> bytes | None:
    """The binary value at the path of the data set, cleaned where it is disguised; None where there is none.

    Raises OSError where the instance's file cannot be read.
    """
    stored = source.stored
    with opened(stored) as descriptor, _errors_of_reading():
        content, scratch = OpenFile(descriptor), configured_archive().incoming
        with open_structure(content, source.data_set_offset, stored.transfer_syntax_uid, scratch) as structure:
            read_held_back_sequences(structure)
            ds = structure.ds if disguise is None else clean(structure.ds, disguise)
            try:
                return _value_at(structure, ds, path.split("/"), is_original=disguise is None)
            except Exception:  # noqa: BLE001 - pydicom answers broken values with errors of many types
                return None


def _value_at(structure: Structure, ds: Dataset, names: list[str], *, is_original: bool) -> bytes | None:
    *steps, last = names
    raw = structure.bulk.get(int(last, 16)) if not steps and is_original else None
    if raw is not None and raw.length <= MAX_SEQUENCE_BYTES:
        return structure.content.pread(raw.length, raw.value_tell)
    for tag, item in zip(steps[::_STEPS], steps[1::_STEPS], strict=True):
        ds = ds[BaseTag(int(tag, 16))].value[int(item) - 1]
    found = binary_value(ds[BaseTag(int(last, 16))], ds, structure.encoding.little_endian)
    return None if found is None else found[1]


@contextmanager
def _errors_of_reading() -> Iterator[None]:
    """Tell an instance that is no longer what was taken in as an error of its file."""
    try:
        yield
    except InstanceRefused as error:
        raise OSError(errno.EIO, str(error.reason)) from error


def _first(ds: dict[str, Any], tag: str) -> Any:
    return (ds.get(tag, {}).get("Value") or [None])[0]
