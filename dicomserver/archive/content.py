"""Bytes to read at given places, wherever they lie: an open file, or what is still in memory."""

import io
import os
from typing import IO, Final, Protocol

# Elements are read in small steps; fewer of them reach the file itself.
_READ_AHEAD_BYTES: Final = 32 * 1024


class Content(Protocol):
    """What offsets count in. Reading moves nothing, so that any number of readers may share it."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def pread(self, size: int, offset: int) -> bytes:
        """Bytes from the offset on; fewer where the content ends. Raises OSError."""


class OpenFile:
    """The content of a file that is open for reading, and stays so."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def pread(self, size: int, offset: int) -> bytes:
        """Bytes from the offset on."""
        return os.pread(self.descriptor, size, offset)


def stream_of(content: Content, offset: int = 0) -> IO[bytes]:
    """The content as a file with a position of its own, which begins at the offset."""
    stream = io.BufferedReader(_Stream(content), _READ_AHEAD_BYTES)
    stream.seek(offset)
    return stream


class _Stream(io.RawIOBase):
    def __init__(self, content: Content) -> None:
        self._content = content
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._content.size}[whence]
        self._position = max(start + offset, 0)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._content.pread(len(buffer), self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
