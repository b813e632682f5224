"""A folder from which whatever is put into it is taken in: by scanners, burners' robots, other programs, people.

Nothing is remembered between two looks. A file is taken when it has not changed for a while by the clock of its own
file system; it leaves the folder only when it is in the archive or was refused, so that whoever dies in between leaves
it to the next look, which finds that it is stored already. Of several servers and processes one looks at a time.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import InterfaceError, OperationalError

from dicomserver.archive import Archive
from dicomserver.importing.files import head_of
from dicomserver.importing.kinds import Kind, kind_of
from dicomserver.importing.results import FileOutcome, FileResult
from dicomserver.importing.services import Importer
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.errors import IngestUnavailable

logger = logging.getLogger(__name__)

DONE: Final = "done"
REFUSED: Final = "refused"
LOCK: Final = ".import.lock"
REASON_SUFFIX: Final = ".txt"
# Of one file's results (a ZIP may have many) so many refusals are written down.
MAX_LINES: Final = 1000


@dataclass(frozen=True, slots=True)
class _Seen:
    """What would change if anybody wrote to the file, or put another in its place."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


def look_into_folder() -> int:
    """Take in what is ready; returns how many files were taken or refused. Without IMPORT_FOLDER, nothing happens."""
    folder = settings.IMPORT_FOLDER
    if folder is None:
        return 0
    try:
        with _alone(folder) as now:
            return 0 if now is None else _look(folder, now)
    except OSError as error:
        logger.error("The import folder cannot be used", extra={"reason": error.strerror})
        return 0


@contextmanager
def _alone(folder: Path) -> Iterator[float | None]:
    """The present time by the folder's own clock, while nobody else looks; None where somebody does."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
            return
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield os.fstat(descriptor).st_ctime
    finally:
        os.close(descriptor)


def _look(folder: Path, now: float) -> int:
    there = list(_files_in(folder))
    ready = [path for path in there if _is_ready(path, now)]
    if len(ready) < len(there):
        # What a medium lacks cannot be said while some of it is still being copied.
        ready = [path for path in ready if not _is_directory(path)]
    if not ready:
        return 0
    archive = configured_archive()
    archive.prepare()
    handled = 0
    try:
        # What a medium lacks is known when all that lies beside its DICOMDIR was taken.
        for path in sorted(ready, key=_is_directory):
            handled += _take(path, folder, archive)
    except IngestUnavailable as error:
        logger.warning("The import folder waits", extra={"reason": str(error)})
    finally:
        archive.close_intake()
    return handled


def _files_in(folder: Path) -> Iterator[Path]:
    """All files below the folder but what was put aside; links are not followed, hidden files are others' business."""
    aside = {folder / DONE, folder / REFUSED}
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(name for name in folders if here / name not in aside and not name.startswith("."))
        for name in sorted(names):
            path = here / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _is_ready(path: Path, now: float) -> bool:
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return False
    # Each write, move and change of rights sets the time of change, which nobody can set back.
    return now - status.st_ctime >= settings.IMPORT_FOLDER_QUIET_SECONDS


def _seen(path: Path) -> _Seen:
    found = path.stat(follow_symlinks=False)
    return _Seen(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _is_directory(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return kind_of(head_of(file)) is Kind.DICOMDIR
    except OSError:
        return False


def _take(path: Path, folder: Path, archive: Archive) -> bool:
    """Take in one file and move it out of the way. Raises IngestUnavailable, and leaves it where it is."""
    try:
        before = _seen(path)
        results = _results(path, path.relative_to(folder).as_posix(), archive)
        if _seen(path) != before:
            # Somebody went on writing: the next look sees the whole.
            return False
        _put_away(path, folder, [one for one in results if not one.outcome.is_taken])
    except FileNotFoundError:
        return False
    except OSError as error:
        logger.error("A file of the import folder cannot be taken", extra={"reason": error.strerror})
        return False
    return True


def _results(path: Path, name: str, archive: Archive) -> list[FileResult]:
    """What the import says of the file. Raises OSError, IngestUnavailable and django.db.Error."""
    try:
        with path.open("rb") as file:
            return list(Importer(archive).stream(file, name))
    except (OSError, IngestUnavailable, OperationalError, InterfaceError):
        raise
    except Exception:
        # One file that nobody thought of must not hold up all that come after it.
        logger.exception("A file of the import folder could not be imported")
        return [
            FileResult(name, FileOutcome.REFUSED, "Something broke while this file was taken in; the log says what.")
        ]


def _put_away(path: Path, folder: Path, refused: list[FileResult]) -> None:
    if refused:
        _refuse(path, folder, refused)
    elif settings.IMPORT_FOLDER_KEEPS_DONE:
        _move(path, _free(folder / DONE / path.relative_to(folder)))
    else:
        path.unlink()
    _remove_empty(path.parent, folder)


def _refuse(path: Path, folder: Path, refused: list[FileResult]) -> None:
    """Move the file aside, with a text beside it that says why; the text comes first, so that none is without."""
    target = _free(folder / REFUSED / path.relative_to(folder))
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{one.name}: {one.explanation}" for one in refused[:MAX_LINES]]
    if len(refused) > MAX_LINES:
        lines.append(f"and {len(refused) - MAX_LINES} more")
    target.with_name(f"{target.name}{REASON_SUFFIX}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _move(path, target)


def _free(target: Path) -> Path:
    """The target, or a name beside it that nobody has."""
    candidate, number = target, 2
    while candidate.exists() or candidate.with_name(f"{candidate.name}{REASON_SUFFIX}").exists():
        candidate = target.with_name(f"{target.stem}-{number}{target.suffix}")
        number += 1
    return candidate


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, target)


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove folders that were emptied, as far as they are quiet too: a copy may be about to go on in one."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
