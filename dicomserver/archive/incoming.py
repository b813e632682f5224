"""A file while it is being received: hashed as it grows, invisible to readers, removed unless it is placed."""

import hashlib
import os
from collections.abc import Sequence
from typing import Final, Protocol

from dicomserver.archive.durable import archive_errors
from dicomserver.archive.file_meta import FileMeta, Receipt, encode_file_head, head_length
from dicomserver.archive.intake import Slot

# Free space is looked at again after so many bytes of one object: of 64 at once, that is half of a usual reserve.
SPACE_CHECK_BYTES: Final = 8 * 1024 * 1024
# Small pieces are gathered up to here before they are written.
GATHER_BYTES: Final = 64 * 1024
# The kernel takes no more pieces in one call.
MAX_PIECES: Final = 512


class SpaceGuard(Protocol):
    """Says whether there is room."""

    def require_space(self, wanted_bytes: int = 0) -> None:
        """Raise ArchiveFull where there is not."""


class IncomingFile:
    """A Part-10 file in the making: write the data set in any number of pieces, then seal or discard.

    Its head is written last, when the data set is whole, and holds the data set's length and digest: a file that
    a crash or a power cut left behind shows by itself whether it was received in full.
    """

    def __init__(self, slot: Slot, meta: FileMeta, guard: SpaceGuard) -> None:
        """Receive into the slot. Raises ArchiveFull."""
        self.meta = meta
        self.path = slot.path
        self._slot = slot
        self.data_set_offset = head_length(meta)
        self.data_set_bytes = 0
        self.header_sha256 = ""
        self.data_set_sha256 = ""
        self._digest = hashlib.sha256()
        self._guard = guard
        self._next_check = SPACE_CHECK_BYTES
        self._gathered = bytearray()
        self._written = 0

    @property
    def descriptor(self) -> int:
        """The open file; -1 when it was let go."""
        return self._slot.descriptor

    @property
    def file_bytes(self) -> int:
        """Size of head and data set."""
        return self.data_set_offset + self.data_set_bytes

    def write(self, data: bytes) -> None:
        """Append to the data set. Raises ArchiveFull or ArchiveError."""
        self._digest.update(data)
        self._count(len(data))
        if len(self._gathered) + len(data) < GATHER_BYTES:
            self._gathered += data
        else:
            self._put([data])

    def write_pieces(self, pieces: Sequence[memoryview]) -> None:
        """Append pieces that the caller overwrites afterwards. Raises ArchiveFull or ArchiveError."""
        for piece in pieces:
            self._digest.update(piece)
        self._count(sum(map(len, pieces)))
        for first in range(0, len(pieces), MAX_PIECES):
            self._put(pieces[first : first + MAX_PIECES])

    def flush(self) -> None:
        """Hand what is gathered to the kernel, so that the file can be read. Raises ArchiveFull or ArchiveError."""
        if self._gathered:
            self._put(())

    def seal(self) -> None:
        """Write the head and make the bytes durable; harmless to repeat. Raises ArchiveFull or ArchiveError."""
        if self.header_sha256:
            return
        self.flush()
        digest = self._digest.digest()
        head = encode_file_head(self.meta, Receipt(digest, self.data_set_bytes))
        with archive_errors("make a file durable"):
            _write_all(self.descriptor, [head], 0)
            os.fdatasync(self.descriptor)
        self.data_set_sha256 = digest.hex()
        self.header_sha256 = hashlib.sha256(head).hexdigest()

    def close(self) -> None:
        """Let go of the open file; its name stays where it is."""
        self._slot.close()
        self._gathered.clear()

    def discard(self) -> None:
        """Remove the name under which it was received; a file that was placed has another. Harmless to repeat."""
        self._slot.remove()
        self._gathered.clear()

    def _count(self, size: int) -> None:
        self.data_set_bytes += size
        if self.data_set_bytes >= self._next_check:
            self._next_check += SPACE_CHECK_BYTES
            self._guard.require_space()

    def _put(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Write what is gathered and these behind it."""
        everything: list[bytes | bytearray | memoryview] = [self._gathered, *pieces] if self._gathered else [*pieces]
        size = sum(map(len, everything))
        with archive_errors("write a file"):
            _write_all(self.descriptor, everything, self.data_set_offset + self._written)
        self._written += size
        if self._gathered:
            self._gathered = bytearray()


def _write_all(descriptor: int, pieces: Sequence[bytes | bytearray | memoryview], offset: int) -> None:
    """Write the pieces one behind the other; a full disk may take some of them only, which raises on the next try."""
    written = os.pwritev(descriptor, pieces, offset)
    expected = sum(map(len, pieces))
    while written < expected:
        rest = b"".join(pieces)[written:]
        written += os.pwrite(descriptor, rest, offset + written)
