"""A file while it is being received: hashed as it grows, invisible to readers, removed unless it is placed."""

import contextlib
import fcntl
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final, Protocol

from dicomserver.archive.durable import archive_errors
from dicomserver.archive.file_meta import FileMeta, encode_file_head

BUFFER_BYTES: Final = 256 * 1024
# Free space is looked at again after so many bytes of one object.
SPACE_CHECK_BYTES: Final = 32 * 1024 * 1024
SUFFIX: Final = ".part"


class SpaceGuard(Protocol):
    """Says whether there is room."""

    def require_space(self, wanted_bytes: int = 0) -> None:
        """Raise ArchiveFull where there is not."""


class IncomingFile:
    """A Part-10 file in the making: write the data set in any number of pieces, then seal or discard.

    It holds a shared lock while it lives, so that the clean-up of another process leaves it alone.
    """

    def __init__(self, directory: Path, meta: FileMeta, guard: SpaceGuard) -> None:
        """Create the file with its head. Raises ArchiveFull or ArchiveError."""
        self.meta = meta
        self.path = directory / f"{secrets.token_hex(16)}{SUFFIX}"
        head = encode_file_head(meta)
        self.data_set_offset = len(head)
        self.header_sha256 = hashlib.sha256(head).hexdigest()
        self.data_set_bytes = 0
        self._digest = hashlib.sha256()
        self._guard = guard
        self._next_check = SPACE_CHECK_BYTES
        guard.require_space()
        with archive_errors("create a file"):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            self._file = os.fdopen(descriptor, "w+b", buffering=BUFFER_BYTES)
            self._file.write(head)

    @property
    def descriptor(self) -> int:
        """The open file; what is buffered is in it after `flush`."""
        return self._file.fileno()

    @property
    def file_bytes(self) -> int:
        """Size of head and data set."""
        return self.data_set_offset + self.data_set_bytes

    @property
    def data_set_sha256(self) -> str:
        """Digest of the data set as far as it was written."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Append to the data set. Raises ArchiveFull or ArchiveError."""
        with archive_errors("write a file"):
            self._file.write(data)
        self._digest.update(data)
        self.data_set_bytes += len(data)
        if self.data_set_bytes >= self._next_check:
            self._next_check += SPACE_CHECK_BYTES
            self._guard.require_space()

    def flush(self) -> None:
        """Hand what is buffered to the kernel, so that the file can be read by its path."""
        with archive_errors("write a file"):
            self._file.flush()

    def seal(self) -> None:
        """Make the bytes durable. Raises ArchiveFull or ArchiveError."""
        with archive_errors("make a file durable"):
            self._file.flush()
            os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file; it stays where it is."""
        # Closing writes what is buffered; on a full disk that fails, and the file is being given up anyway.
        with contextlib.suppress(OSError):
            self._file.close()

    def discard(self) -> None:
        """Remove the file, unless it was placed; harmless to repeat."""
        self.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def remove_left_over(directory: Path) -> int:
    """Remove what a crash left behind: files that nobody holds. Nothing of them was ever acknowledged."""
    removed = 0
    for path in directory.glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
            removed += 1
    return removed
