"""Where an instance's frames lie in its file, so that a frame is read by offset and length without parsing anything."""

import os
import zlib
from dataclasses import dataclass
from typing import Any, Final, Self

Span = tuple[int, int]
"""Offset in the file and length, in bytes."""

_INFLATE_STEP: Final = 1024 * 1024


class FrameNotFound(LookupError):
    """The instance has no frame of that number."""


@dataclass(frozen=True, slots=True)
class NativeFrames:
    """Uncompressed frames, one after the other.

    `frame_bits` is a multiple of 8 for all but single-bit pixel data. `word_bytes` is the size of the words that a
    big-endian file holds the other way round, 1 where nothing is to be turned. `inflated_from` is where the data set
    begins in the file if it is deflated (PS3.5 A.5): offsets then count in the inflated data set. `leaves_pixels`
    where the pixel data holds more than rows, columns and frames say.
    """

    offset: int
    frame_bits: int
    count: int
    word_bytes: int = 1
    inflated_from: int | None = None
    leaves_pixels: bool = False

    def spans(self, number: int) -> tuple[Span, ...] | None:
        """The frame's bytes in the file; None where they cannot be copied as they are."""
        self._check(number)
        if self.word_bytes != 1 or self.inflated_from is not None or self.frame_bits % 8:
            return None
        length = self.frame_bits // 8
        return ((self.offset + (number - 1) * length, length),)

    def read(self, descriptor: int, number: int) -> bytes:
        """The frame as little-endian words, single-bit pixels starting at the lowest bit of the first byte."""
        self._check(number)
        first_bit = (number - 1) * self.frame_bits
        start, end = first_bit // 8, (first_bit + self.frame_bits + 7) // 8
        # Words are turned as they stand in the pixel data; a frame may begin in the middle of one.
        lead = start % self.word_bytes
        length = -(-(end - start + lead) // self.word_bytes) * self.word_bytes
        if self.inflated_from is None:
            data = _read(descriptor, self.offset + start - lead, length)
        else:
            data = _read_inflated(descriptor, self.inflated_from, self.offset + start - lead, length)
        data = _swap(data, self.word_bytes)[lead : lead + end - start]
        return _shift(data, first_bit % 8, self.frame_bits) if self.frame_bits % 8 else data

    def _check(self, number: int) -> None:
        if not 1 <= number <= self.count:
            raise FrameNotFound(f"Frame {number} of {self.count} does not exist.")


@dataclass(frozen=True, slots=True)
class EncapsulatedFrames:
    """Compressed frames, each of one or more fragments (PS3.5 A.4)."""

    frames: tuple[tuple[Span, ...], ...]

    @property
    def count(self) -> int:
        """The number of frames."""
        return len(self.frames)

    def spans(self, number: int) -> tuple[Span, ...]:
        """The frame's fragments in the file, in order."""
        if not 1 <= number <= len(self.frames):
            raise FrameNotFound(f"Frame {number} of {len(self.frames)} does not exist.")
        return self.frames[number - 1]

    def read(self, descriptor: int, number: int) -> bytes:
        """The frame's code stream."""
        return b"".join(_read(descriptor, offset, length) for offset, length in self.spans(number))


@dataclass(frozen=True, slots=True)
class FrameTable:
    """The frames of one instance, in the form that the index stores."""

    frames: NativeFrames | EncapsulatedFrames

    @property
    def count(self) -> int:
        """The number of frames."""
        return self.frames.count

    @property
    def leaves_pixels(self) -> bool:
        """Whether there are pixels that belong to none of the frames: their description must be wrong."""
        return isinstance(self.frames, NativeFrames) and self.frames.leaves_pixels

    def spans(self, number: int) -> tuple[Span, ...] | None:
        """Where frame `number` (from 1) lies in the file; None where `read` must prepare it. Raises FrameNotFound."""
        return self.frames.spans(number)

    def read(self, descriptor: int, number: int) -> bytes:
        """Frame `number` (from 1) of the open file, as WADO-RS serves it. Raises FrameNotFound and OSError."""
        return self.frames.read(descriptor, number)

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        if isinstance(self.frames, EncapsulatedFrames):
            return {"fragments": [[list(span) for span in frame] for frame in self.frames.frames]}
        native = self.frames
        stored = [native.offset, native.frame_bits, native.count, native.word_bytes, native.inflated_from]
        # Named only where it is so: of nearly all instances it is not.
        return {"native": [*stored, True] if native.leaves_pixels else stored}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The table that `to_json` stored."""
        if "native" in stored:
            return cls(NativeFrames(*stored["native"]))
        frames = (tuple((offset, length) for offset, length in frame) for frame in stored["fragments"])
        return cls(EncapsulatedFrames(tuple(frames)))


def _read(descriptor: int, offset: int, length: int) -> bytes:
    data = os.pread(descriptor, length, offset)
    while len(data) < length:
        more = os.pread(descriptor, length - len(data), offset + len(data))
        if not more:
            raise OSError("The file ends within the frame.")
        data += more
    return data


def _read_inflated(descriptor: int, start: int, offset: int, length: int) -> bytes:
    """Bytes of the inflated data set; what lies before them is inflated and dropped, piece by piece."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    position, wanted = 0, bytearray()
    while len(wanted) < length and not inflater.eof:
        pending = inflater.unconsumed_tail
        if not pending:
            pending = os.pread(descriptor, _INFLATE_STEP, start)
            start += len(pending)
        piece = inflater.decompress(pending, _INFLATE_STEP)
        if not pending and not piece:
            break
        skip = max(0, offset - position)
        wanted += piece[skip : skip + length - len(wanted)]
        position += len(piece)
    if len(wanted) < length:
        raise OSError("The deflated data set ends within the frame.")
    return bytes(wanted)


def _swap(data: bytes, word_bytes: int) -> bytes:
    if word_bytes == 1:
        return data
    turned = bytearray(data)
    for index in range(word_bytes):
        turned[index::word_bytes] = data[word_bytes - 1 - index :: word_bytes]
    return bytes(turned)


def _shift(data: bytes, first_bit: int, bits: int) -> bytes:
    """`bits` bits from `first_bit` on, moved to the start; the last byte is filled with zeros (PS3.5 8.1.1)."""
    value = (int.from_bytes(data, "little") >> first_bit) & ((1 << bits) - 1)
    return value.to_bytes((bits + 7) // 8, "little")
