"""Opens ZIP archives that anybody may have made: each entry comes as an open file, or as the reason why it does not.

Nothing is ever written under an entry's name, so that no name can lead anywhere; names that try are refused, as
whoever made them meant no good.
"""

import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from dicomserver.archive import Archive, ArchiveError
from dicomserver.archive.errors import archive_error
from dicomserver.importing.bounds import (
    MAX_DIRECTORY_BYTES,
    MAX_ENTRY_BYTES,
    MAX_RATIO,
    RATIO_FREE_BYTES,
    Budget,
    TooMuch,
)
from dicomserver.ingest.errors import IngestUnavailable

_STEP: Final = 1024 * 1024
_ENCRYPTED: Final = 0x1
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# What Python's zipfile says of broken archives: its own error, and what its parts come upon.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)


class EntryRefused(Exception):
    """An entry, or the whole archive, is not opened; the message says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive."""

    name: str
    info: zipfile.ZipInfo


class _BoundedReader:
    """The archive's file: zipfile reads the list of entries in one piece, as long as the archive claims it is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY_BYTES:
            raise TooMuch("The ZIP's list of files is too long to be believed. Nothing of it was opened.")
        return self._file.read(size)


@contextmanager
def opened_zip(file: BinaryIO, budget: Budget) -> Iterator[zipfile.ZipFile]:
    """The archive. Raises EntryRefused where it cannot be opened, and TooMuch."""
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", _BoundedReader(file)))
    except _BROKEN as error:
        raise EntryRefused("The ZIP is damaged or cut off and cannot be opened.") from error
    with archive:
        budget.take_entries(len(archive.infolist()))
        yield archive


def entries_of(archive: zipfile.ZipFile) -> list[Entry]:
    """The archive's files in its own order, folders left out."""
    return [Entry(info.filename, info) for info in archive.infolist() if not info.is_dir()]


def require_sound(entry: Entry, names: set[str]) -> None:
    """Raise EntryRefused for an entry that is not opened; `names` are those of the entries before it."""
    info = entry.info
    if leads_elsewhere(info.orig_filename) or leads_elsewhere(entry.name):
        raise EntryRefused("Its name leads out of the ZIP. Nothing of it was opened.")
    if entry.name in names:
        raise EntryRefused("The ZIP holds this name more than once; only the first was opened.")
    mode = info.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise EntryRefused("It is a link or device, not a file.")
    if info.flag_bits & _ENCRYPTED:
        raise EntryRefused("It is encrypted. Unpack it with its password, and send what is in it.")
    if info.compress_type not in _METHODS:
        raise EntryRefused("It is packed in a way that is not opened here. Use an ordinary ZIP.")
    if info.file_size > MAX_ENTRY_BYTES:
        raise EntryRefused("Unpacked it would be too large.")
    if info.file_size > RATIO_FREE_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise EntryRefused("It is packed so densely that it cannot be an image. Nothing of it was opened.")


def leads_elsewhere(name: str) -> bool:
    """Whether a name is absolute, climbs, or is none at all, on any system that may read it."""
    parts = name.replace("\\", "/").split("/")
    return "\0" in name or not name or name[0] in "/\\" or ".." in parts or ":" in parts[0]


@contextmanager
def opened_entry(archive: zipfile.ZipFile, entry: Entry, budget: Budget, store: Archive) -> Iterator[BinaryIO]:
    """The entry unpacked into an unnamed file. Raises EntryRefused, TooMuch and IngestUnavailable."""
    try:
        store.require_space(entry.info.file_size)
        scratch = tempfile.TemporaryFile(dir=scratch_folder(store))  # noqa: SIM115 - its own errors mean another thing
    except (ArchiveError, OSError) as error:
        raise _unavailable(error) from error
    with scratch:
        try:
            _unpack(archive, entry, budget, cast("BinaryIO", scratch))
        except _BROKEN as error:
            raise EntryRefused("It is damaged: it cannot be unpacked whole.") from error
        except OSError as error:
            raise _unavailable(error) from error
        scratch.seek(0)
        yield cast("BinaryIO", scratch)


def scratch_folder(store: Archive) -> Path:
    """Where unnamed files lie while they are looked at: on the archive's own file system."""
    return store.incoming


def _unpack(archive: zipfile.ZipFile, entry: Entry, budget: Budget, into: BinaryIO) -> None:
    unpacked = 0
    with archive.open(entry.info) as packed:
        while piece := packed.read(_STEP):
            unpacked += len(piece)
            budget.take_bytes(len(piece))
            if unpacked > entry.info.file_size:
                raise EntryRefused("It holds more than it says.")
            into.write(piece)
    if unpacked != entry.info.file_size:
        raise EntryRefused("It holds less than it says.")
    into.flush()


def _unavailable(error: ArchiveError | OSError) -> IngestUnavailable:
    return IngestUnavailable(str(error if isinstance(error, ArchiveError) else archive_error("unpack a file", error)))
