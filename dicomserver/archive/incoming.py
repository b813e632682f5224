"""A file while it is being received: hashed as it grows, invisible to readers, removed unless it is placed."""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Protocol

from dicomserver.archive.buffers import BLOCK_BYTES, BUFFER_BYTES, give_back, take_buffer
from dicomserver.archive.durable import archive_errors
from dicomserver.archive.file_meta import FileMeta, Receipt, encode_file_head, head_length
from dicomserver.archive.intake import Slot
from dicomserver.archive.writing import FileWriter

# Free space is looked at again after so many bytes of one object: of 64 at once, that is half of a usual reserve.
SPACE_CHECK_BYTES: Final = 8 * 1024 * 1024
# Less than this is not worth a hand-over to another thread.
WORTH_BYTES: Final = 128 * 1024
WRITING_THREADS: Final = 16


class SpaceGuard(Protocol):
    """Says whether there is room."""

    def require_space(self, wanted_bytes: int = 0) -> None:
        """Raise ArchiveFull where there is not."""


class IncomingFile:
    """A Part-10 file in the making: write the data set in any number of pieces, then seal or discard.

    Its head is written last, when the data set is whole, and holds the data set's length and digest: a file that
    a crash or a power cut left behind shows by itself whether it was received in full. The file grows in a buffer.
    Another thread writes it from there: a full buffer while the next one is filled, the only one while it is looked at
    and hashed, but for the first block, which holds the head. Between `flush` and `seal` this is the file's `Content`.
    """

    def __init__(self, slot: Slot, meta: FileMeta, guard: SpaceGuard) -> None:
        """Receive into the slot. Raises ArchiveFull."""
        self.meta = meta
        self.path = slot.path
        self.data_set_offset = head_length(meta)
        self.data_set_bytes = 0
        self.header_sha256 = ""
        self.data_set_sha256 = ""
        self._slot = slot
        self._writer = FileWriter(slot.descriptor, is_direct=slot.is_direct)
        self._digest = hashlib.sha256()
        self._guard = guard
        self._next_check = SPACE_CHECK_BYTES
        self._buffer = take_buffer()
        self._buffer[: self.data_set_offset] = bytes(self.data_set_offset)
        # Where in the file the buffer begins, and how much of it is filled.
        self._begin = 0
        self._filled = self.data_set_offset
        self._first_block = b""
        self._is_whole = False
        self._is_open = True
        self._work: Future[None] | None = None

    @property
    def size(self) -> int:
        """Size of head and data set in bytes."""
        return self.data_set_offset + self.data_set_bytes

    def write(self, data: bytes | memoryview) -> None:
        """Append to the data set. Raises ArchiveFull or ArchiveError."""
        self._require_open()
        self.data_set_bytes += len(data)
        if self.data_set_bytes >= self._next_check:
            self._next_check += SPACE_CHECK_BYTES
            self._guard.require_space()
        rest = memoryview(data)
        while rest:
            if self._filled == BUFFER_BYTES:
                self._change_buffer()
            piece = rest[: BUFFER_BYTES - self._filled]
            self._buffer[self._filled : self._filled + len(piece)] = piece
            self._filled += len(piece)
            rest = rest[len(piece) :]

    def write_pieces(self, pieces: Sequence[memoryview]) -> None:
        """Append pieces that the caller overwrites afterwards. Raises ArchiveFull or ArchiveError."""
        for piece in pieces:
            self.write(piece)

    def flush(self) -> None:
        """Make what was received readable by `pread`; nothing can be appended. Raises ArchiveFull or ArchiveError."""
        self._require_open()
        if self._is_whole:
            return
        self._is_whole = True
        if self._begin:
            self._finish_work()
            self._hash_and_write(self._buffer, self._begin, self._filled)
            self._writer.allow_reading()
            return
        if self._filled >= WORTH_BYTES:
            self._work = _threads.submit(self._write, self._buffer, BLOCK_BYTES, self._filled, 0)
        # This lets the other thread run.
        self._digest.update(self._buffer[self.data_set_offset : self._filled])

    def pread(self, size: int, offset: int) -> bytes:
        """Bytes of the file from the offset on, of the data set only. Raises OSError."""
        if self._begin:
            return os.pread(self._slot.descriptor, size, offset)
        return bytes(self._buffer[offset : min(offset + size, self._filled)])

    def seal(self) -> None:
        """Write the head and make the bytes durable; harmless to repeat. Raises ArchiveFull or ArchiveError."""
        if self.header_sha256:
            return
        self.flush()
        if not self._begin:
            self._first_block = bytes(self._buffer[: min(self._filled, BLOCK_BYTES)])
        digest = self._digest.digest()
        head = encode_file_head(self.meta, Receipt(digest, self.data_set_bytes))
        self._first_block = head + self._first_block[len(head) :]
        with archive_errors("write a file"):
            if self._work is None:
                self._buffer[: len(head)] = head
                self._writer.write(self._buffer, 0, self._filled, 0)
            else:
                self._finish_work()
                self._writer.write_through(self._first_block, 0)
        with archive_errors("make a file durable"):
            os.fdatasync(self._slot.descriptor)
        self.data_set_sha256 = digest.hex()
        self.header_sha256 = hashlib.sha256(head).hexdigest()

    def close(self) -> None:
        """Let go of the open file; its name stays where it is. Harmless to repeat."""
        self._let_go()
        self._slot.close()

    def discard(self) -> None:
        """Remove the name under which it was received; a file that was placed has another. Harmless to repeat."""
        self._let_go()
        self._slot.remove()

    def _require_open(self) -> None:
        """Buffer and descriptor may be another file's after this one was closed."""
        if not self._is_open:
            raise ValueError("The file was closed.")

    def _let_go(self) -> None:
        if self._is_open:
            self._is_open = False
            # Whoever sealed the file has been told; of one that is discarded it does not matter.
            with contextlib.suppress(Exception):
                self._finish_work()
            give_back(self._buffer)

    def _change_buffer(self) -> None:
        """Leave the full buffer to another thread and go on with a second one."""
        self._finish_work()
        if not self._begin:
            self._first_block = bytes(self._buffer[:BLOCK_BYTES])
        self._work = _threads.submit(self._empty, self._buffer, self._begin)
        self._buffer = take_buffer()
        self._begin += BUFFER_BYTES
        self._filled = 0

    def _finish_work(self) -> None:
        """Wait for the other thread. Raises what it met."""
        if self._work:
            self._work.result()

    def _empty(self, buffer: memoryview, begin: int) -> None:
        try:
            self._hash_and_write(buffer, begin, BUFFER_BYTES)
        finally:
            give_back(buffer)

    def _hash_and_write(self, buffer: memoryview, begin: int, filled: int) -> None:
        self._digest.update(buffer[0 if begin else self.data_set_offset : filled])
        self._write(buffer, 0, filled, begin)

    def _write(self, buffer: memoryview, start: int, filled: int, begin: int) -> None:
        with archive_errors("write a file"):
            self._writer.write(buffer, start, filled, begin)


def _start_threads() -> None:
    global _threads  # noqa: PLW0603 - one set of threads a process
    _threads = ThreadPoolExecutor(WRITING_THREADS, "archive")


_threads: ThreadPoolExecutor
_start_threads()
os.register_at_fork(after_in_child=_start_threads)
