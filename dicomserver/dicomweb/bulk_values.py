"""Values that metadata refer to: as what they are served, and taken out of the data set where no place is known."""

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicomserver.archive.content import OpenFile
from dicomserver.dicomweb.deidentified.cleaning import clean
from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.dicomweb.media import OCTET_STREAM, VIDEO_TYPES
from dicomserver.dicomweb.selectors import BulkSource, StoredInstance
from dicomserver.dicomweb.storage import opened
from dicomserver.index.frames import Span
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.dicom_json import MAX_SEQUENCE_BYTES, binary_value, read_held_back_sequences
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.pixels import fragments_of
from dicomserver.ingest.reading import Structure, open_structure

ENCAPSULATED_DOCUMENT: Final = "00420011"
_MIME_TYPE_OF_ENCAPSULATED_DOCUMENT: Final = "00420012"
_ENCAPSULATED_DOCUMENT_LENGTH: Final = "00420015"
# What a document may be called; nothing that a browser would run.
_DOCUMENT_TYPES: Final = frozenset({"application/pdf", "model/mtl", "model/obj", "model/stl", "text/xml"})

_STEPS: Final = 2


def is_video(transfer_syntax_uid: str) -> bool:
    """Whether the pixel data is one stream of moving pictures."""
    return transfer_syntax_uid in VIDEO_TYPES


def video_stream(stored: StoredInstance, offset: int) -> tuple[str, tuple[Span, ...]]:
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


def document_type(dicom_json: str) -> str:
    """The media type of the instance's encapsulated document."""
    named = _first(json.loads(dicom_json), _MIME_TYPE_OF_ENCAPSULATED_DOCUMENT)
    found = named.lower() if isinstance(named, str) else ""
    return found if found in _DOCUMENT_TYPES else OCTET_STREAM


def document_length(dicom_json: str, length: int) -> int:
    """The document's length without the byte that made it even."""
    told = _first(json.loads(dicom_json), _ENCAPSULATED_DOCUMENT_LENGTH)
    return length - 1 if told == length - 1 else length


def taken_out(source: BulkSource, path: str, disguise: Disguise | None) -> bytes | None:
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
