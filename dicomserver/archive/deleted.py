"""Where the files of deleted instances lie until they are purged: out of the archive, in a folder a deletion."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dicomserver.archive.durable import archive_errors, fsync_directory, make_directories

RECORD: Final = "record.json"


class DeletedFiles:
    """The folder `deleted/` beside the archive; on its file system, so that a file is moved by a rename."""

    def __init__(self, home: Path, archive_root: Path) -> None:
        self.root = home / "deleted"
        self._home = home
        self._archive_root = archive_root

    def take(self, paths: Sequence[str], folder: str, record: bytes) -> None:
        """Move files out of the archive; `record` is written beside them first, to say whose they were.

        All of them, or none: raises ArchiveError, and then each is where it was. A file that is missing is passed over.
        """
        target = self.root / folder
        with archive_errors("move deleted files"):
            make_directories(target, self._home)
            (target / RECORD).write_bytes(record)
            moved: list[str] = []
            try:
                for path in paths:
                    with contextlib.suppress(FileNotFoundError):
                        self._rename(self._archive_root / path, target / path, target)
                        moved.append(path)
            except BaseException:
                self.put_back(moved, folder)
                raise

    def put_back(self, paths: Sequence[str], folder: str) -> None:
        """Undo `take`. Raises ArchiveError."""
        target = self.root / folder
        with archive_errors("put deleted files back"):
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    self._rename(target / path, self._archive_root / path, self._archive_root)

    def paths(self, folder: str) -> Iterator[str]:
        """The paths, as they were in the archive, of the files that a deletion moved."""
        target = self.root / folder
        for place, folders, names in os.walk(target):
            folders.sort()
            for name in sorted(names):
                if name.endswith(".dcm"):
                    yield (Path(place) / name).relative_to(target).as_posix()

    def path_of(self, folder: str, path: str) -> Path:
        """Where a deleted file lies."""
        return self.root / folder / path

    def folders(self) -> list[str]:
        """The folders of all deletions that are not purged."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(entry.name for entry in os.scandir(self.root) if entry.is_dir(follow_symlinks=False))
        return []

    def purge(self, folder: str) -> None:
        """Remove a deletion's files for good; harmless to repeat. Raises ArchiveError."""
        with archive_errors("purge deleted files"), contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.root / folder)

    def _rename(self, source: Path, target: Path, within: Path) -> None:
        make_directories(target.parent, within)
        source.rename(target)
        fsync_directory(target.parent)
        fsync_directory(source.parent)
