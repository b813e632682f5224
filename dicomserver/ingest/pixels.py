"""Finds an instance's frames in its pixel data, once, so that they can be served by offset and length."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pydicom.dataset import Dataset

from dicomserver.archive.content import Content
from dicomserver.index.frames import EncapsulatedFrames, FrameTable, NativeFrames, Span
from dicomserver.ingest.attributes import integer, text, value
from dicomserver.ingest.errors import InstanceRefused, Reason
from dicomserver.ingest.reading import UNDEFINED_LENGTH, Layout, Place, check_trailing_elements

ITEM: Final = 0xFFFEE000
SEQUENCE_DELIMITER: Final = 0xFFFEE0DD
PIXEL_KEYWORDS: Final = frozenset(
    {
        "BitsAllocated",
        "Columns",
        "ExtendedOffsetTable",
        "NumberOfFrames",
        "PhotometricInterpretation",
        "Rows",
        "SamplesPerPixel",
    }
)
MAX_FRAGMENTS: Final = 500_000
MAX_ROWS_OR_COLUMNS: Final = 2**31 - 1
# A code stream begins with one of these: JPEG and JPEG-LS, JPEG 2000 and HTJ2K, JPEG XL (bare and boxed).
_STREAM_STARTS: Final = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")
# Samples a pixel as they are stored where chrominance is shared (PS3.3 C.7.6.3.1.2).
_SHARED_CHROMINANCE: Final = {"YBR_FULL_422": (2, 1), "YBR_PARTIAL_422": (2, 1), "YBR_PARTIAL_420": (3, 2)}


@dataclass(frozen=True, slots=True)
class PixelDescription:
    """What the index keeps of an instance's pixels; all None for an instance without."""

    rows: int | None
    columns: int | None
    number_of_frames: int | None
    frame_table: FrameTable | None
    bits_allocated: int | None = None


@dataclass(frozen=True, slots=True)
class PixelAttributes:
    """The elements that say what the pixel data is made of; what is not positive is None."""

    rows: int | None
    columns: int | None
    bits_allocated: int | None
    samples_per_pixel: int | None
    number_of_frames: int | None
    photometric_interpretation: str
    extended_offset_table: tuple[int, ...]


def pixel_attributes(ds: Dataset) -> PixelAttributes:
    """The values of PIXEL_KEYWORDS in the data set."""
    return PixelAttributes(
        rows=_positive(ds, "Rows"),
        columns=_positive(ds, "Columns"),
        bits_allocated=_positive(ds, "BitsAllocated"),
        samples_per_pixel=_positive(ds, "SamplesPerPixel"),
        number_of_frames=_positive(ds, "NumberOfFrames"),
        photometric_interpretation=text(ds, "PhotometricInterpretation"),
        extended_offset_table=_offsets(ds, "ExtendedOffsetTable"),
    )


def describe_pixels(attributes: PixelAttributes, layout: Layout, data_set_offset: int) -> PixelDescription:
    """Rows, columns, frames and where they are. Raises InstanceRefused where the pixel data ends too early."""
    rows, columns, allocated = attributes.rows, attributes.columns, attributes.bits_allocated
    place = layout.pixel_data
    if place is None:
        return PixelDescription(rows, columns, None, None, allocated)
    count = attributes.number_of_frames or 1
    frames: NativeFrames | EncapsulatedFrames | None
    if place.length == UNDEFINED_LENGTH:
        frames = _encapsulated(attributes, layout, place, count)
    else:
        frames = _native(attributes, layout, place, count, data_set_offset)
    return PixelDescription(rows, columns, count, FrameTable(frames) if frames else None, allocated)


def _native(
    attributes: PixelAttributes, layout: Layout, place: Place, count: int, data_set_offset: int
) -> NativeFrames | None:
    rows, columns = attributes.rows, attributes.columns
    allocated = {0x7FE00008: 32, 0x7FE00009: 64}.get(layout.pixel_tag or 0) or attributes.bits_allocated
    if not rows or not columns or not allocated:
        return None
    samples, divisor = _SHARED_CHROMINANCE.get(
        attributes.photometric_interpretation, (attributes.samples_per_pixel or 1, 1)
    )
    frame_bits = rows * columns * samples * allocated // divisor
    whole_frames = min(count, place.length * 8 // frame_bits)
    if not whole_frames:
        return None
    # Less than a row or a column is what equipment fills up to an even or a round length with.
    left_bits = place.length * 8 - whole_frames * frame_bits
    leaves_pixels = whole_frames == count and left_bits >= frame_bits // max(rows, columns)
    word_bytes = 1 if layout.encoding.little_endian else _word_bytes(place.vr, allocated)
    inflated_from = data_set_offset if layout.inflated else None
    return NativeFrames(place.offset, frame_bits, whole_frames, word_bytes, inflated_from, leaves_pixels)


def _word_bytes(vr: str, allocated: int) -> int:
    """The words that a big-endian file turns: of OW always 16 bits, else as allocated (PS3.5 8.1.1, 8.2)."""
    if vr == "OB":
        return 1
    return 2 if vr == "OW" and allocated <= 16 else max(1, allocated // 8)


def _encapsulated(attributes: PixelAttributes, layout: Layout, place: Place, count: int) -> EncapsulatedFrames | None:
    if layout.inflated:
        # Deflated data sets hold native pixel data only (PS3.5 A.5).
        return None
    fragments, table, end = _walk_fragments(layout.content, place.offset)
    check_trailing_elements(layout, end)
    if not fragments:
        return None
    starts = _frame_starts(attributes.extended_offset_table, layout.content, fragments, table, count)
    if starts is None:
        return None
    bounds = [*starts, len(fragments)]
    return EncapsulatedFrames(tuple(tuple(fragments[first:last]) for first, last in pairwise(bounds)))


def end_of_fragments(content: Content, offset: int) -> int:
    """Where encapsulated pixel data that begins at the offset ends, behind its delimiter. Raises InstanceRefused."""
    return _walk_fragments(content, offset)[2]


def fragments_of(content: Content, offset: int) -> tuple[Span, ...]:
    """The fragments of encapsulated pixel data that begins at the offset. Raises InstanceRefused."""
    return tuple(_walk_fragments(content, offset)[0])


def _walk_fragments(content: Content, offset: int) -> tuple[list[Span], list[int], int]:
    """Fragments, basic offset table, and the offset behind the sequence delimiter (PS3.5 A.4)."""
    items: list[Span] = []
    while True:
        header = content.pread(8, offset)
        if len(header) < 8:
            raise InstanceRefused(Reason.TRUNCATED, "The data set ends within its pixel data.")
        group, element, length = struct.unpack("<HHL", header)
        offset += 8
        tag = group << 16 | element
        if tag == SEQUENCE_DELIMITER:
            break
        if tag != ITEM or length == UNDEFINED_LENGTH:
            raise InstanceRefused(Reason.UNREADABLE, "The pixel data is not made of fragments.")
        if offset + length > content.size:
            raise InstanceRefused(Reason.TRUNCATED, "The data set ends within its pixel data.")
        items.append((offset, length))
        if len(items) > MAX_FRAGMENTS:
            raise InstanceRefused(Reason.TOO_COMPLEX, "The pixel data has more fragments than is believable.")
        offset += length
    if not items:
        return [], [], offset
    (table_offset, table_length), *fragments = items
    table_length = min(table_length - table_length % 4, 4 * MAX_FRAGMENTS)
    table = content.pread(table_length, table_offset)
    return fragments, list(struct.unpack(f"<{len(table) // 4}L", table[: len(table) // 4 * 4])), offset


def _frame_starts(
    extended: Sequence[int], content: Content, fragments: list[Span], table: Sequence[int], count: int
) -> list[int] | None:
    """The index of each frame's first fragment; None where the frames cannot be told apart (video, for one)."""
    if count == 1:
        return [0]
    if len(fragments) == count:
        return list(range(count))
    for offsets in (extended, table):
        starts = _starts_by_table(fragments, offsets)
        if len(offsets) == count and starts is not None:
            return starts
    starts = [
        index
        for index, (offset, length) in enumerate(fragments)
        if content.pread(min(length, 8), offset).startswith(_STREAM_STARTS)
    ]
    return starts if len(starts) == count and starts[0] == 0 else None


def _starts_by_table(fragments: list[Span], offsets: Sequence[int]) -> list[int] | None:
    """Offsets count from the first fragment's item, of 8 bytes before its value (PS3.5 A.4)."""
    first = fragments[0][0]
    by_offset = {offset - first: index for index, (offset, _) in enumerate(fragments)}
    starts = [by_offset.get(offset) for offset in offsets]
    known = [start for start in starts if start is not None]
    return known if len(known) == len(starts) and known == sorted(set(known)) and known[:1] == [0] else None


def _offsets(ds: Dataset, keyword: str) -> tuple[int, ...]:
    found = value(ds, keyword)
    if not isinstance(found, bytes) or len(found) % 8 or len(found) > 8 * MAX_FRAGMENTS:
        return ()
    return struct.unpack(f"<{len(found) // 8}Q", found)


def _positive(ds: Dataset, keyword: str) -> int | None:
    found = integer(ds, keyword)
    return found if found is not None and 0 < found <= MAX_ROWS_OR_COLUMNS else None
