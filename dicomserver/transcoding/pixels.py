"""Pixel data written in another transfer syntax (PS3.5 8, Annex A): copied where it may be, else frame by frame."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, Final

from pydicom.dataset import Dataset

from dicomserver.archive.content import Content
from dicomserver.index.frames import NativeFrames
from dicomserver.ingest.attributes import integer, text
from dicomserver.ingest.pixels import describe_pixels, pixel_attributes
from dicomserver.ingest.reading import UNDEFINED_LENGTH, Structure
from dicomserver.transcoding.attributes import SampleAttributes
from dicomserver.transcoding.decoding import Samples, Undecodable, stored_samples
from dicomserver.transcoding.elements import ElementWriter, turned
from dicomserver.transcoding.encoding import encoded_frame
from dicomserver.transcoding.errors import CannotTranscode
from dicomserver.transcoding.syntaxes import LOSSY, NATIVE

PIXEL_DATA: Final = 0x7FE00010
_FLOAT_VRS: Final = {0x7FE00008: "OF", 0x7FE00009: "OD"}
_STEP_BYTES: Final = 1024 * 1024
_MOST_BYTES: Final = 0xFFFFFFFE
_ITEM: Final = struct.Struct("<HHL")
_ITEM_TAG: Final = (0xFFFE, 0xE000)
_END: Final = _ITEM.pack(0xFFFE, 0xE0DD, 0)


@dataclass(frozen=True, slots=True)
class PixelChange:
    """What the data set says of its pixels once they are in the target."""

    photometric_interpretation: str
    has_lost: bool


def sample_attributes(ds: Dataset) -> SampleAttributes:
    """How the data set says that its samples are to be read."""
    allocated = integer(ds, "BitsAllocated") or 0
    return SampleAttributes(
        rows=integer(ds, "Rows") or 0,
        columns=integer(ds, "Columns") or 0,
        samples=integer(ds, "SamplesPerPixel") or 1,
        bits_allocated=allocated,
        bits_stored=min(integer(ds, "BitsStored") or allocated, allocated),
        is_signed=integer(ds, "PixelRepresentation") == 1,
        is_planar=integer(ds, "PlanarConfiguration") == 1,
        photometric_interpretation=text(ds, "PhotometricInterpretation") or "MONOCHROME2",
    )


def copy_native(structure: Structure, ds: Dataset, writer: ElementWriter, file: IO[bytes]) -> int:
    """Write native pixel data as native pixel data; returns where in the source it ends. Raises CannotTranscode."""
    place, tag = structure.pixel_data, structure.pixel_tag or PIXEL_DATA
    if place is None or place.length == UNDEFINED_LENGTH:
        raise CannotTranscode("The instance has no native pixel data.")
    allocated = sample_attributes(ds).bits_allocated
    vr = _FLOAT_VRS.get(tag) or ("OB" if allocated <= 8 and place.vr != "OW" else "OW")
    word = 1
    if not structure.encoding.little_endian:
        # PS3.5 8.1.1, 8.2: of OW always 16 bits, else as allocated.
        word = 1 if place.vr == "OB" else 2 if place.vr == "OW" and allocated <= 16 else max(1, allocated // 8)
    writer.header(tag, vr, place.length + place.length % 2)
    for data in _pieces(structure.content, place.offset, place.length):
        file.write(turned(data, word))
    file.write(b"\0" * (place.length % 2))
    return place.offset + place.length


class FrameTranscoder:
    """The frames of one instance, decoded one by one and written in the target."""

    def __init__(
        self, structure: Structure, ds: Dataset, data_set_offset: int, source: str, target: str, descriptor: int
    ) -> None:
        """Raises CannotTranscode where the frames cannot be told apart, and InstanceRefused."""
        if structure.pixel_tag != PIXEL_DATA:
            raise CannotTranscode("Only whole numbers can be compressed.")
        described = describe_pixels(pixel_attributes(ds), structure, data_set_offset)
        if described.frame_table is None or described.frame_table.count != described.number_of_frames:
            raise CannotTranscode("The frames cannot be told apart.")
        frames = described.frame_table.frames
        # What was inflated is read where it lies now.
        self._frames = replace(frames, inflated_from=None) if isinstance(frames, NativeFrames) else frames
        self._descriptor = descriptor
        self._source, self._target = source, target
        self._attributes = sample_attributes(ds)
        first, photometric = self._samples(1)
        self._frame_bytes = first.nbytes
        self.change = PixelChange(photometric, source in LOSSY)

    def write(self, writer: ElementWriter, file: IO[bytes]) -> None:
        """Write the pixel data. Raises CannotTranscode and OSError."""
        if self._target in NATIVE:
            self._write_native(writer, file)
        else:
            self._write_encapsulated(writer, file)

    def _write_native(self, writer: ElementWriter, file: IO[bytes]) -> None:
        size = self._frame_bytes * self._frames.count
        if size > _MOST_BYTES:
            raise CannotTranscode("The pixel data is too large without compression.")
        writer.header(PIXEL_DATA, "OB" if self._attributes.bits_allocated <= 8 else "OW", size + size % 2)
        for frame in self._encoded():
            file.write(frame)
        file.write(b"\0" * (size % 2))

    def _write_encapsulated(self, writer: ElementWriter, file: IO[bytes]) -> None:
        """PS3.5 A.4: a basic offset table, and a fragment for each frame."""
        writer.header(PIXEL_DATA, "OB", UNDEFINED_LENGTH)
        count = self._frames.count
        file.write(_ITEM.pack(*_ITEM_TAG, 4 * count) + bytes(4 * count))
        start, offsets = file.tell(), []
        for frame in self._encoded():
            offsets.append(file.tell() - start)
            padding = len(frame) % 2
            file.write(_ITEM.pack(*_ITEM_TAG, len(frame) + padding) + frame + b"\0" * padding)
        if offsets[-1] > _MOST_BYTES:
            raise CannotTranscode("The pixel data is too large for its offset table.")
        file.write(_END)
        end = file.tell()
        file.seek(start - 4 * count)
        file.write(struct.pack(f"<{count}L", *offsets))
        file.seek(end)

    def _encoded(self) -> Iterator[bytes]:
        stored = replace(
            self._attributes, is_planar=False, photometric_interpretation=self.change.photometric_interpretation
        )
        for number in range(1, self._frames.count + 1):
            yield encoded_frame(self._samples(number)[0], self._target, stored)

    def _samples(self, number: int) -> tuple[Samples, str]:
        try:
            return stored_samples(self._frames.read(self._descriptor, number), self._source, self._attributes)
        except Undecodable as error:
            raise CannotTranscode(str(error)) from error


def _pieces(content: Content, offset: int, length: int) -> Iterator[bytes]:
    """The bytes in pieces of whole words. Raises OSError where the content ends before."""
    while length:
        data = content.pread(min(length, _STEP_BYTES), offset)
        if not data:
            raise OSError("The file ends within its pixel data.")
        # A short read must not end within a word.
        data = data[: len(data) // 8 * 8] or data
        offset, length = offset + len(data), length - len(data)
        yield data
