"""Where one process receives: a folder of its own, with slots whose names are durable before anything is in them."""

import contextlib
import fcntl
import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from dicomserver.archive.durable import archive_errors, fsync_directory

SUFFIX: Final = ".part"
# One fsync of the folder makes so many names durable.
SLOTS_AHEAD: Final = 32


class Slot(NamedTuple):
    """An empty file that survives a power cut: what is synced into it is found at the next start."""

    path: Path
    descriptor: int


class Intake:
    """The slots of one process; they lie in a folder that it holds by a lock for as long as it lives."""

    def __init__(self, incoming: Path) -> None:
        self._incoming = incoming
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._folder_descriptor = -1
        self._slots: list[Slot] = []
        self._owner = 0

    def take(self) -> Slot:
        """An empty slot; whoever takes it closes the descriptor and removes the name. Raises ArchiveError."""
        with self._lock, archive_errors("create a file"):
            if self._owner != os.getpid():
                # What a forked process inherits belongs to its parent.
                self._folder, self._slots, self._owner = None, [], os.getpid()
            if not self._slots:
                self._make_slots()
            return self._slots.pop()

    def close(self) -> None:
        """Remove the slots that were not used, and the folder if nothing else is in it."""
        with self._lock:
            if self._folder is None or self._owner != os.getpid():
                return
            for slot in self._slots:
                os.close(slot.descriptor)
                with contextlib.suppress(OSError):
                    slot.path.unlink()
            with contextlib.suppress(OSError):
                self._folder.rmdir()
            os.close(self._folder_descriptor)
            self._folder, self._slots = None, []

    def _make_slots(self) -> None:
        folder = self._folder
        if folder is None or not folder.is_dir():
            folder = self._open_folder()
        made: list[Slot] = []
        try:
            for _ in range(SLOTS_AHEAD):
                path = folder / f"{secrets.token_hex(8)}{SUFFIX}"
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                made.append(Slot(path, os.open(path, flags, 0o640)))
            fsync_directory(folder)
        except OSError:
            for slot in made:
                os.close(slot.descriptor)
                with contextlib.suppress(OSError):
                    slot.path.unlink()
            raise
        self._slots = made

    def _open_folder(self) -> Path:
        """A new folder under a lock. It gets its name only when it is locked, so that nobody takes it for left over."""
        new = self._incoming / f".new-{secrets.token_hex(8)}"
        folder = self._incoming / secrets.token_hex(8)
        new.mkdir(mode=0o750)
        descriptor = os.open(new, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        new.rename(folder)
        fsync_directory(self._incoming)
        if self._folder is not None:
            os.close(self._folder_descriptor)
        self._folder, self._folder_descriptor = folder, descriptor
        return folder


@contextlib.contextmanager
def left_over_folders(incoming: Path) -> Iterator[list[Path]]:
    """The folders of processes that are no more, held by a lock so that only one process takes care of them."""
    with contextlib.ExitStack() as held:
        found = []
        for folder in sorted(incoming.iterdir()) if incoming.is_dir() else []:
            if not folder.is_dir() or folder.name.startswith("."):
                continue
            try:
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            held.callback(os.close, descriptor)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found.append(folder)
        yield found
