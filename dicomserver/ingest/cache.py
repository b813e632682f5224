"""Files that can be made again at any time: written whole or not at all, and the least used are removed first."""

import contextlib
import logging
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

from dicomserver.archive import Archive, ArchiveError

logger = logging.getLogger(__name__)

# A temporary file of a process that was killed is removed after this time.
LEFT_OVER_SECONDS: Final = 3600
TEMPORARY_PREFIX: Final = "."
LOCK_SUFFIX: Final = ".lock"


@dataclass(frozen=True, slots=True)
class _Kept:
    path: str
    size: int
    last_used: float


def cache_folder() -> Path:
    """Where this server keeps what it can make again."""
    return Path(settings.DICOM_SERVER_HOME) / "cache"


def keep(archive: Archive, path: Path, content: bytes) -> bool:
    """Write the file in one step, replacing an older one; returns whether it could be.

    Where there is no room beyond the archive's reserve, or the folder cannot be written, the caller goes without.
    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")
    try:
        archive.require_space(len(content))
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            # A name must never outlive a power cut without its bytes.
            os.fdatasync(file.fileno())
        temporary.replace(path)
    except (OSError, ArchiveError) as error:
        reason = str(error) if isinstance(error, ArchiveError) else error.strerror
        logger.warning("A prepared answer could not be kept", extra={"reason": reason})
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        return False
    return True


def remove_least_used(folder: Path, maximum_bytes: int, now: float) -> int:
    """Remove files until the folder holds no more than `maximum_bytes`; returns how many were removed.

    Which were used last is what the file system says: as a rule it notes a read once a day.
    """
    kept, removed = [], 0
    for one in _files(folder):
        if Path(one.path).name.startswith(TEMPORARY_PREFIX):
            if now - one.last_used > LEFT_OVER_SECONDS:
                removed += _remove(one)
            continue
        kept.append(one)
    excess = sum(one.size for one in kept) - maximum_bytes
    for one in sorted(kept, key=lambda one: one.last_used):
        if excess <= 0:
            break
        excess -= one.size
        removed += _remove(one)
    return removed


def _files(folder: Path) -> Iterator[_Kept]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
                continue
            if entry.name.endswith(LOCK_SUFFIX):
                continue
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                # What it takes on the disk, which for small files is more than they hold.
                yield _Kept(entry.path, status.st_blocks * 512, max(status.st_atime, status.st_mtime))


def _remove(one: _Kept) -> int:
    with contextlib.suppress(OSError):
        Path(one.path).unlink()
        return 1
    return 0
