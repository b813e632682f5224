"""Where each byte of a ZIP lies before any is read: files are stored as they are, so its length and parts are known.

A checksum stands before each file and in the list at the end (APPNOTE.TXT 4.3); it is found when it is needed first.
"""

import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final

_LOCAL: Final = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END: Final = struct.Struct("<4sHHHHLLH")
_END_64: Final = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR_64: Final = struct.Struct("<4sLQL")
_MANY: Final = 0xFFFF
_LARGE: Final = 0xFFFFFFFF
_VERSION: Final = 20
_VERSION_64: Final = 45
# Made on Unix, an ordinary file that its owner may write and all may read.
_MADE_BY_UNIX: Final = 3 << 8
_MODE: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One file of the archive: `read(start, length)` yields those bytes of it, and raises OSError where it cannot."""

    name: str
    size: int
    modified: datetime
    read: Callable[[int, int], Iterable[bytes]]


def file_of(name: str, content: bytes, modified: datetime) -> ArchivedFile:
    """A file whose bytes are in memory."""
    return ArchivedFile(name, len(content), modified, lambda start, length: [content[start : start + length]])


class ArchiveLayout:
    """A ZIP of these files. `checksums` are those known already, as they stand in `checksums` of an earlier layout."""

    def __init__(self, files: list[ArchivedFile], checksums: Iterable[int | None] | None = None) -> None:
        self.files = files
        self.checksums: list[int | None] = list(checksums or [None] * len(files))
        heads = [_LOCAL.size + len(file.name.encode()) + len(_sizes_64(file.size)) for file in files]
        self._ends = list(accumulate(head + file.size for head, file in zip(heads, files, strict=True)))
        self._starts = [0, *self._ends]
        self._heads = heads
        self._directory_bytes = sum(len(self._central(number, 0)) for number in range(len(files)))
        self.length = self._starts[-1] + self._directory_bytes + len(self._end())

    @property
    def is_complete(self) -> bool:
        """Whether all checksums are known."""
        return None not in self.checksums

    def pieces(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The archive's bytes from `start` on. Raises OSError where a file cannot be read."""
        end = self.length if length is None else min(start + length, self.length)
        number = bisect_right(self._ends, start)
        while number < len(self.files) and self._starts[number] < end:
            begin = self._starts[number]
            yield from self._file_pieces(number, max(start - begin, 0), end - begin)
            number += 1
        tail = self._starts[-1]
        if end > tail:
            yield self._tail()[max(start - tail, 0) : end - tail]

    def checksum(self, number: int) -> int:
        """The CRC-32 of a file, which is read whole for it the first time. Raises OSError."""
        known = self.checksums[number]
        if known is None:
            known, file = 0, self.files[number]
            for piece in file.read(0, file.size):
                known = zlib.crc32(piece, known)
            self.checksums[number] = known
        return known

    def _file_pieces(self, number: int, start: int, end: int) -> Iterator[bytes]:
        """What lies between `start` and `end` of a file's head and bytes, counted from its head."""
        file, head = self.files[number], self._heads[number]
        if start < head:
            yield self._local(number)[start:end]
        first, last = max(start - head, 0), min(end - head, file.size)
        if first < last:
            yield from file.read(first, last - first)

    def _local(self, number: int) -> bytes:
        file, name = self.files[number], self.files[number].name.encode()
        size, more = min(file.size, _LARGE), _sizes_64(file.size)
        version = _VERSION_64 if more else _VERSION
        time, day = _dos_moment(file.modified)
        crc = self.checksum(number)
        return _LOCAL.pack(b"PK\x03\x04", version, 0, 0, time, day, crc, size, size, len(name), len(more)) + name + more

    def _central(self, number: int, crc: int) -> bytes:
        file, name, offset = self.files[number], self.files[number].name.encode(), self._starts[number]
        large = [value for value in (file.size, file.size, offset) if value >= _LARGE]
        more = struct.pack("<HH", 1, 8 * len(large)) + struct.pack(f"<{len(large)}Q", *large) if large else b""
        version = _VERSION_64 if more else _VERSION
        size = min(file.size, _LARGE)
        return (
            _CENTRAL.pack(
                b"PK\x01\x02", version | _MADE_BY_UNIX, version, 0, 0, *_dos_moment(file.modified), crc, size, size,
                len(name), len(more), 0, 0, 0, _MODE, min(offset, _LARGE),
            )
            + name
            + more
        )  # fmt: skip

    def _tail(self) -> bytes:
        return b"".join(self._central(number, self.checksum(number)) for number in range(len(self.files))) + self._end()

    def _end(self) -> bytes:
        count, size, offset = len(self.files), self._directory_bytes, self._starts[-1]
        end = _END.pack(
            b"PK\x05\x06", 0, 0, min(count, _MANY), min(count, _MANY), min(size, _LARGE), min(offset, _LARGE), 0
        )
        if count < _MANY and size < _LARGE and offset < _LARGE:
            return end
        versions = (_VERSION_64 | _MADE_BY_UNIX, _VERSION_64)
        record = _END_64.pack(b"PK\x06\x06", _END_64.size - 12, *versions, 0, 0, count, count, size, offset)
        return record + _LOCATOR_64.pack(b"PK\x06\x07", 0, offset + size, 1) + end


def _sizes_64(size: int) -> bytes:
    """The extra field of a file of 4 GiB and more, in its head."""
    return struct.pack("<HHQQ", 1, 16, size, size) if size >= _LARGE else b""


def _dos_moment(moment: datetime) -> tuple[int, int]:
    day = max(moment.year - 1980, 0) << 9 | moment.month << 5 | moment.day
    return moment.hour << 11 | moment.minute << 5 | moment.second // 2, day
