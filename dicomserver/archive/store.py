"""The archive on disk: archive/ for what is stored, incoming/ for what arrives, quarantine/ for what is set aside."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Final

from dicomserver.archive.durable import archive_errors, fsync_directory, make_directories, place
from dicomserver.archive.errors import ArchiveFull
from dicomserver.archive.file_meta import FileMeta
from dicomserver.archive.incoming import IncomingFile, remove_left_over
from wire.uids import parse_uid

DEFAULT_RESERVE_BYTES: Final = 1024**3


@dataclass(frozen=True, slots=True)
class Space:
    """Size and free room of the archive's file system, in bytes."""

    bytes_total: int
    bytes_free: int


def instance_path(day: date, study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str) -> str:
    """Where an instance lies below the archive folder. Raises InvalidUid before anything becomes a path.

    `day` is the day on which the study's first instance was received (UTC): all of a study lies in one folder,
    however late its last instance comes.
    """
    study, series, instance = (parse_uid(uid) for uid in (study_instance_uid, series_instance_uid, sop_instance_uid))
    return f"{day:%Y/%m/%d}/{study}/{series}/{instance}.dcm"


def quarantine_name(day: date) -> str:
    """A new path below the quarantine folder, for a file that was refused on that day."""
    return f"{day:%Y/%m/%d}/{secrets.token_hex(16)}.dcm"


def conflict_name(sop_instance_uid: str, data_set_sha256: str) -> str:
    """The path below the quarantine folder of a newcomer whose UID is taken by other bytes."""
    return f"conflicts/{parse_uid(sop_instance_uid)}/{data_set_sha256}.dcm"


class Archive:
    """One server's files. All folders are on one file system, so that a file moves by a rename."""

    def __init__(self, home: Path, reserve_bytes: int = DEFAULT_RESERVE_BYTES) -> None:
        self.root = home / "archive"
        self.incoming = home / "incoming"
        self.quarantine_root = home / "quarantine"
        self.reserve_bytes = reserve_bytes
        self._home = home

    def prepare(self) -> None:
        """Create the folders. Raises ArchiveError."""
        with archive_errors("create its folders"):
            for folder in (self.root, self.incoming, self.quarantine_root):
                make_directories(folder)

    def remove_left_over(self) -> int:
        """Remove files that a crash left half received; return how many."""
        return remove_left_over(self.incoming)

    def space(self) -> Space:
        """Size and free room. Raises ArchiveError."""
        with archive_errors("look at its file system"):
            found = os.statvfs(self._home)
        return Space(bytes_total=found.f_blocks * found.f_frsize, bytes_free=found.f_bavail * found.f_frsize)

    def require_space(self, wanted_bytes: int = 0) -> None:
        """Raise ArchiveFull where less than the reserve would be left."""
        if self.space().bytes_free < self.reserve_bytes + wanted_bytes:
            raise ArchiveFull("The archive's file system has no room beyond its reserve. Free some, or enlarge it.")

    def receive(self, meta: FileMeta) -> IncomingFile:
        """A new file to receive into. Raises ArchiveFull or ArchiveError."""
        return IncomingFile(self.incoming, meta, self)

    def path_of(self, relative_path: str) -> Path:
        """The absolute path of a stored instance."""
        return self.root / relative_path

    def quarantine_path_of(self, relative_path: str) -> Path:
        """The absolute path of a file that was set aside."""
        return self.quarantine_root / relative_path

    def store(self, incoming: IncomingFile, relative_path: str) -> None:
        """Place a sealed file in the archive. Raises FileExistsError where the name is taken, and ArchiveError."""
        _place(incoming, self.root / relative_path)

    def replace(self, incoming: IncomingFile, relative_path: str) -> None:
        """Put a sealed file in the place of one with the same data set, in one step. Raises ArchiveError."""
        target = self.root / relative_path
        with archive_errors("replace a file"):
            incoming.path.replace(target)
            fsync_directory(target.parent)
        incoming.close()

    def set_aside(self, incoming: IncomingFile, relative_path: str) -> None:
        """Seal a refused file and keep it in quarantine under a path of `quarantine_name`. Raises ArchiveError."""
        incoming.seal()
        _place(incoming, self.quarantine_root / relative_path)

    def set_aside_stored(self, relative_path: str, quarantine_path: str) -> None:
        """Move a file out of the archive into quarantine. Raises FileExistsError and ArchiveError."""
        source = self.path_of(relative_path)
        with archive_errors("move a file into quarantine"):
            place(source, self.quarantine_root / quarantine_path)
            fsync_directory(source.parent)

    def stored_files(self) -> Iterator[str]:
        """Relative paths of all files in the archive, day by day."""
        for folder, folders, names in os.walk(self.root):
            folders.sort()
            for name in sorted(names):
                if name.endswith(".dcm"):
                    yield PurePosixPath((Path(folder) / name).relative_to(self.root)).as_posix()


def _place(incoming: IncomingFile, target: Path) -> None:
    with archive_errors("place a file"):
        place(incoming.path, target)
    incoming.close()
