"""The archive on disk: archive/ for what is stored, incoming/ for what arrives, quarantine/ for what is set aside."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Final

from dicomserver.archive.durable import archive_errors, fsync_directory, link, make_directories, place
from dicomserver.archive.errors import ArchiveFull, Trouble
from dicomserver.archive.file_meta import FileMeta
from dicomserver.archive.incoming import IncomingFile
from dicomserver.archive.intake import Intake, left_over_folders, waiting_since
from wire.uids import parse_uid

DEFAULT_RESERVE_BYTES: Final = 1024**3
# Each file takes an inode; one is kept free for so many bytes of the reserve.
RESERVE_BYTES_AN_INODE: Final = 1024**2
PROBE_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Space:
    """Size and free room of the archive's file system, in bytes and in files; some count no files, and say 0."""

    bytes_total: int
    bytes_free: int
    files_total: int = 0
    files_free: int = 0


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
    """One server's files. All folders are on one file system, so that a received file is placed by a link."""

    def __init__(self, home: Path, reserve_bytes: int = DEFAULT_RESERVE_BYTES, *, direct_writes: bool = True) -> None:
        self.root = home / "archive"
        self.incoming = home / "incoming"
        self.quarantine_root = home / "quarantine"
        self.reserve_bytes = reserve_bytes
        self._home = home
        self._intake = Intake(self.incoming, direct=direct_writes)

    def prepare(self) -> None:
        """Create the folders. Raises ArchiveError."""
        with archive_errors("create its folders"):
            for folder in (self.root, self.incoming, self.quarantine_root):
                make_directories(folder, self._home)

    def space(self) -> Space:
        """Size and free room. Raises ArchiveError."""
        with archive_errors("look at its file system"):
            found = os.statvfs(self._home)
        return Space(
            bytes_total=found.f_blocks * found.f_frsize,
            bytes_free=found.f_bavail * found.f_frsize,
            files_total=found.f_files,
            files_free=found.f_favail,
        )

    def require_space(self, wanted_bytes: int = 0) -> None:
        """Raise ArchiveFull where less than the reserve would be left, of bytes or of inodes."""
        space = self.space()
        if space.bytes_free < self.reserve_bytes + wanted_bytes:
            raise ArchiveFull("The archive is full: no room beyond its reserve. Free some, or enlarge it.")
        if space.files_total and space.files_free < self.reserve_bytes // RESERVE_BYTES_AN_INODE:
            raise ArchiveFull("The archive is full: no inodes beyond its reserve.", Trouble.NO_INODES)

    def require_working(self) -> None:
        """Look whether an instance could be stored now, by writing a little. Raises ArchiveFull or ArchiveError."""
        self.require_space()
        for folder in (self.root, self.incoming):
            with (
                self._telling_inodes(),
                archive_errors("use its folders"),
                tempfile.TemporaryFile(dir=folder, buffering=0) as probe,
            ):
                probe.write(bytes(PROBE_BYTES))

    def receive(self, meta: FileMeta) -> IncomingFile:
        """A new file to receive into. Raises ArchiveFull or ArchiveError."""
        self.require_space()
        with self._telling_inodes():
            slot = self._intake.take()
        return IncomingFile(slot, meta, self)

    def close_intake(self) -> None:
        """Remove what this process prepared for receiving; it can receive again afterwards."""
        self._intake.close()

    @contextlib.contextmanager
    def left_over(self) -> Iterator[list[Path]]:
        """The received files that processes which are no more left behind, held so that nobody else takes them.

        Folders that are empty in the end are removed. Raises OSError.
        """
        with left_over_folders(self.incoming) as folders:
            yield [path for folder in folders for path in sorted(folder.iterdir())]
            for folder in folders:
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def waiting_since(self) -> list[float]:
        """When each instance that was received in full and waits for its place came, in seconds since 1970.

        Raises ArchiveError.
        """
        with archive_errors("look at what it received"):
            return waiting_since(self.incoming)

    @contextlib.contextmanager
    def _telling_inodes(self) -> Iterator[None]:
        """The kernel says the same where bytes and where inodes ran out; an operator needs to know which."""
        try:
            yield
        except ArchiveFull as error:
            space = self.space()
            if space.files_total and not space.files_free:
                raise ArchiveFull("The archive is full: no inodes are left.", Trouble.NO_INODES) from error
            raise

    def path_of(self, relative_path: str) -> Path:
        """The absolute path of a stored instance."""
        return self.root / relative_path

    def quarantine_path_of(self, relative_path: str) -> Path:
        """The absolute path of a file that was set aside."""
        return self.quarantine_root / relative_path

    def store(self, path: Path, relative_path: str) -> None:
        """Place a sealed file in the archive. Raises FileExistsError where the name is taken, and ArchiveError."""
        self.store_all([(path, relative_path)])

    def store_all(self, files: Iterable[tuple[Path, str]]) -> None:
        """Place sealed files, each folder made durable once. Raises FileExistsError for the first name taken.

        The received names stay until the index knows the files: they are the durable entries that a start after a
        crash completes. Raises ArchiveError; names that were made by then stay, and are the same files next time.
        """
        folders: set[Path] = set()
        with self._telling_inodes(), archive_errors("place a file"):
            try:
                for path, relative_path in files:
                    target = self.root / relative_path
                    if target.parent not in folders:
                        make_directories(target.parent, self.root)
                        folders.add(target.parent)
                    link(path, target)
            finally:
                for folder in folders:
                    fsync_directory(folder)

    def forget(self, relative_path: str) -> None:
        """Take back a name that `store` made for a file which then belonged elsewhere."""
        with contextlib.suppress(OSError):
            self.path_of(relative_path).unlink()

    def replace(self, path: Path, relative_path: str) -> None:
        """Put a sealed file in the place of one with the same data set, in one step. Raises ArchiveError."""
        target = self.root / relative_path
        new = target.with_name(f".{secrets.token_hex(8)}")
        with archive_errors("replace a file"):
            link(path, new)
            new.replace(target)
            fsync_directory(target.parent)

    def set_aside(self, path: Path, relative_path: str) -> None:
        """Keep a sealed file in quarantine too. Raises FileExistsError and ArchiveError."""
        with archive_errors("place a file"):
            place(path, self.quarantine_root / relative_path, self.quarantine_root)

    def set_aside_stored(self, relative_path: str, quarantine_path: str) -> None:
        """Move a file out of the archive into quarantine. Raises FileExistsError and ArchiveError."""
        source = self.path_of(relative_path)
        with archive_errors("move a file into quarantine"):
            place(source, self.quarantine_root / quarantine_path, self.quarantine_root)
            source.unlink()
            fsync_directory(source.parent)

    def stored_files(self) -> Iterator[str]:
        """Relative paths of all files in the archive, day by day."""
        for folder, folders, names in os.walk(self.root):
            folders.sort()
            for name in sorted(names):
                if name.endswith(".dcm"):
                    yield PurePosixPath((Path(folder) / name).relative_to(self.root)).as_posix()
