"""The durable steps: what these functions return from survives a power cut."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dicomserver.archive.errors import archive_error

# Folders whose names this process has made durable, and how many of them it remembers.
_lasting: Final[set[Path]] = set()
MAX_REMEMBERED: Final = 10_000


@contextlib.contextmanager
def archive_errors(operation: str) -> Iterator[None]:
    """Turn the file system's errors into the archive's; FileExistsError stays what it is, for the caller decides."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise archive_error(operation, error) from error


def fsync_directory(directory: Path) -> None:
    """Make the names in the directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directories(directory: Path, within: Path) -> None:
    """Create the directory and its missing parents; each name below `within` is durable when this returns.

    That a folder is there does not say so: another process may have made it a moment ago, or was killed before it
    could make the name durable.
    """
    unsure = []
    folder = directory
    while not folder.is_dir() or (folder not in _lasting and folder != within and folder.is_relative_to(within)):
        unsure.append(folder)
        folder = folder.parent
    if len(_lasting) + len(unsure) > MAX_REMEMBERED:
        _lasting.clear()
    for folder in reversed(unsure):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o750)
        fsync_directory(folder.parent)
        _lasting.add(folder)


def link(source: Path, target: Path) -> None:
    """Give the file, whose bytes are durable already, a second name that nobody has, in a folder that is there.

    The name is durable after `fsync_directory`. Raises FileExistsError where the name is that of another file: a
    stored file is never replaced. The same file under that name is left from a try that a crash cut short.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        if not source.samefile(target):
            raise


def place(source: Path, target: Path, within: Path) -> None:
    """As `link`, durably, with the folders made. Raises FileExistsError and OSError; then the name is not there."""
    make_directories(target.parent, within)
    link(source, target)
    try:
        fsync_directory(target.parent)
    except OSError:
        # Not certain to last, so it must not be there at all.
        with contextlib.suppress(OSError):
            target.unlink()
        raise
