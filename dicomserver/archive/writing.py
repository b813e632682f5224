"""Writes into a file from aligned memory: around the page cache what is worth it, the rest through it."""

import errno
import fcntl
import os
from typing import Final

from dicomserver.archive.buffers import BLOCK_BYTES

# Less than this is quicker through the page cache.
DIRECT_BYTES: Final = 32 * 1024


class FileWriter:
    """Writes at any place of an open file; `is_direct` says whether going around the page cache may be tried.

    A file system or device that cannot is found out at the first try, and all goes through the page cache.
    """

    def __init__(self, descriptor: int, *, is_direct: bool) -> None:
        self._descriptor = descriptor
        self._may_be_direct = is_direct
        self._is_direct = False

    def write(self, memory: memoryview, start: int, end: int, offset: int) -> None:
        """Write memory[start:end] at offset + start; start, offset and the memory itself are aligned to blocks.

        Raises OSError.
        """
        whole = end // BLOCK_BYTES * BLOCK_BYTES
        if whole - start >= DIRECT_BYTES and self._may_be_direct:
            start += self._write_blocks(memory[start:whole], offset + start)
        if start < end:
            self.write_through(memory[start:end], offset + start)

    def write_through(self, data: bytes | memoryview, offset: int) -> None:
        """Write through the page cache, at any place. Raises OSError."""
        self.allow_reading()
        rest = memoryview(data)
        while rest:
            # A full disk may take some of it only, which raises on the next try.
            written = os.pwrite(self._descriptor, rest, offset)
            rest, offset = rest[written:], offset + written

    def allow_reading(self) -> None:
        """Let the open file be read at any place, as it cannot be while it is used around the page cache."""
        self._set_direct(False)

    def _write_blocks(self, blocks: memoryview, offset: int) -> int:
        """Write some of the blocks around the page cache; how many bytes that were."""
        try:
            self._set_direct(True)
            return os.pwrite(self._descriptor, blocks, offset)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._may_be_direct = False
            return 0

    def _set_direct(self, wanted: bool) -> None:
        if wanted != self._is_direct:
            fcntl.fcntl(self._descriptor, fcntl.F_SETFL, os.O_DIRECT if wanted else 0)
            self._is_direct = wanted
