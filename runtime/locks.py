"""File locks between processes; the kernel frees them however their holder ends."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

POLL_SECONDS = 0.03


class LockTimeoutError(Exception):
    """Another process held the lock for too long."""


class FileLock:
    """A lock on a file, shared or exclusive, held until `release` or until every process that has it is gone.

    Children made by fork share it with their parent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def try_acquire(self, *, shared: bool = False) -> bool:
        """Take the lock if it is free, and say whether it was."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def acquire(self, *, shared: bool = False, seconds: float) -> None:
        """Take the lock, waiting up to `seconds` for whoever has it; raise LockTimeoutError after that."""
        deadline = time.monotonic() + seconds
        while not self.try_acquire(shared=shared):
            if time.monotonic() > deadline:
                raise LockTimeoutError(f"{self.path} is still locked by another process after {seconds:.0f} s.")
            time.sleep(POLL_SECONDS)

    def release(self) -> None:
        """Let the lock go; nothing happens when it is not held."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


def is_locked(path: Path) -> bool:
    """Return whether any process holds the lock of `path` exclusively."""
    if not path.exists():
        return False
    lock = FileLock(path)
    # Asked for shared, so that the question never stands in the way of others who ask.
    if lock.try_acquire(shared=True):
        lock.release()
        return False
    return True
