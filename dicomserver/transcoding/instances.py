"""A stored instance in another transfer syntax, as a Part 10 file of its own that goes when it is closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, cast

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag

from dicomserver.archive.content import OpenFile, stream_of
from dicomserver.archive.file_meta import encode_file_head
from dicomserver.archive.part10 import NotPart10, read_file_head
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.pixels import end_of_fragments
from dicomserver.ingest.reading import UNDEFINED_LENGTH, Structure, open_structure
from dicomserver.transcoding.elements import ElementWriter
from dicomserver.transcoding.errors import CannotTranscode
from dicomserver.transcoding.pixels import FrameTranscoder, copy_native
from dicomserver.transcoding.syntaxes import IMPLICIT_LITTLE, NATIVE, SOURCES, TARGETS

# Beyond, the file lies on the disk of the archive, without a name.
_MEMORY_BYTES: Final = 8 * 1024 * 1024
# A value that is not pixel data and is put together in memory.
_MOST_VALUE_BYTES: Final = 256 * 1024 * 1024
# Attributes that hold for encapsulated pixel data only, or for the frames as they were.
_OF_THE_SOURCE: Final = (0x7FE00001, 0x7FE00002, 0x7FE00003)
_PHOTOMETRIC_INTERPRETATION: Final = 0x00280004
_PLANAR_CONFIGURATION: Final = 0x00280006
_LOSSY_IMAGE_COMPRESSION: Final = 0x00282110


@dataclass(frozen=True, slots=True)
class TranscodedInstance:
    """The instance as a file, open at its start; the data set begins at the offset and ends with the file."""

    file: IO[bytes]
    transfer_syntax_uid: str
    data_set_offset: int
    size: int


def can_transcode(source: str, target: str) -> bool:
    """Whether instances in the one transfer syntax may be given in the other; some of them still cannot be."""
    return source in SOURCES and target in TARGETS


@contextmanager
def transcoded_instance(path: Path, data_set_offset: int, source: str, target: str) -> Iterator[TranscodedInstance]:
    """The file's instance in `target`, with exactly the same pixel values.

    Raises CannotTranscode where that cannot be, and OSError where the file cannot be read.
    """
    if not can_transcode(source, target):
        raise CannotTranscode("There is no way from the one transfer syntax to the other.")
    scratch = configured_archive().incoming
    with path.open("rb", buffering=0) as stored, SpooledTemporaryFile(_MEMORY_BYTES, dir=str(scratch)) as spooled:
        file = cast("IO[bytes]", spooled)
        try:
            meta = read_file_head(cast("Any", stored)).meta
            file.write(encode_file_head(replace(meta, transfer_syntax_uid=target)))
            offset = file.tell()
            with open_structure(OpenFile(stored.fileno()), data_set_offset, source, scratch) as structure:
                _write(structure, data_set_offset, source, target, file)
        except (InstanceRefused, NotPart10) as error:
            raise CannotTranscode("The instance is not what was taken in.") from error
        size = file.tell()
        file.seek(0)
        yield TranscodedInstance(file, target, offset, size)


def _write(structure: Structure, data_set_offset: int, source: str, target: str, file: IO[bytes]) -> None:
    def fetch(element: RawDataElement) -> bytes:
        if element.length > _MOST_VALUE_BYTES:
            raise CannotTranscode("The instance has a value that is too large.")
        return structure.content.pread(element.length, element.value_tell)

    is_turned = not structure.encoding.little_endian
    writer = ElementWriter(file, implicit=target == IMPLICIT_LITTLE, is_turned=is_turned, fetch=fetch)
    # What is asked of it is read in a copy: elements that pydicom has converted are not written byte by byte.
    asked = Dataset({element.tag: element for element in structure.ds.values()})
    place = structure.pixel_data
    if place is None:
        writer.write(structure.ds)
        return
    if place.length != UNDEFINED_LENGTH and target in NATIVE:
        writer.write(structure.ds)
        end = copy_native(structure, asked, writer, file)
    else:
        transcoder = FrameTranscoder(
            structure, asked, data_set_offset, source, target, cast("OpenFile", structure.content).descriptor
        )
        _adjust(structure.ds, asked, transcoder)
        writer.write(structure.ds)
        transcoder.write(writer, file)
        is_native = place.length != UNDEFINED_LENGTH
        end = place.offset + place.length if is_native else end_of_fragments(structure.content, place.offset)
    if end < structure.content.size:
        writer.write(_behind(structure, end))


def _adjust(ds: Dataset, asked: Dataset, transcoder: FrameTranscoder) -> None:
    """Let the attributes say what the pixel data is now (PS3.5 8.2, PS3.3 C.7.6.3.1)."""
    for tag in _OF_THE_SOURCE:
        if tag in ds:
            del ds[tag]
    change = transcoder.change
    if change.photometric_interpretation != str(asked.get("PhotometricInterpretation", "")).strip():
        _set(ds, _PHOTOMETRIC_INTERPRETATION, "CS", change.photometric_interpretation.encode())
    if int(asked.get("SamplesPerPixel", 1) or 1) > 1:
        _set(ds, _PLANAR_CONFIGURATION, "US", b"\0\0")
    if change.has_lost:
        _set(ds, _LOSSY_IMAGE_COMPRESSION, "CS", b"01")


def _set(ds: Dataset, tag: int, vr: str, value: bytes) -> None:
    value += b" " * (len(value) % 2)
    ds[tag] = RawDataElement(BaseTag(tag), vr, len(value), value, 0, False, True, True)


def _behind(structure: Structure, end: int) -> Dataset:
    """The elements that stand behind the pixel data."""
    encoding = structure.encoding
    try:
        return read_dataset(cast("Any", stream_of(structure.content, end)), encoding.implicit, encoding.little_endian)
    except Exception as error:  # pydicom answers hostile bytes with errors of many types
        raise CannotTranscode("What stands behind the pixel data cannot be read.") from error
