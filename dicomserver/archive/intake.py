"""Where one process receives: a folder of its own, with slots whose names are durable before anything is in them."""

import contextlib
import fcntl
import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dicomserver.archive.durable import archive_errors, fsync_directory
from dicomserver.archive.file_meta import PREAMBLE

SUFFIX: Final = ".part"
# One fsync of the folder makes so many names durable.
SLOTS_AHEAD: Final = 32
# With so few left the next ones are made, behind the back of those who receive.
FEW_SLOTS: Final = 16


class Slot:
    """An empty file that survives a power cut: what is synced into it is found at the next start.

    `is_direct` says whether writing around the page cache may be tried.
    """

    def __init__(self, path: Path, descriptor: int, folder: "_Folder", *, is_direct: bool) -> None:
        self.path = path
        self.descriptor = descriptor
        self.is_direct = is_direct
        self._folder = folder

    def close(self) -> None:
        """Let go of the open file; its name stays where it is. Harmless to repeat."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
            self._folder.leave()

    def remove(self) -> None:
        """Let go of the file and remove its name; one that cannot be removed now is left over, for the recovery."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            self._folder.abandon()
        self.close()


class _Folder:
    """A folder of slots, held by a lock until nobody receives into it any more."""

    def __init__(self, path: Path, descriptor: int, *, direct: bool) -> None:
        self.path = path
        self.is_abandoned = False
        self._descriptor = descriptor
        self._direct = direct
        self._lock = threading.Lock()
        self._idle: list[Slot] = []
        self._open = 0
        self._filling: threading.Thread | None = None

    def fill(self) -> None:
        """Make slots. Raises OSError."""
        made: list[Slot] = []
        try:
            for _ in range(SLOTS_AHEAD):
                path = self.path / f"{secrets.token_hex(8)}{SUFFIX}"
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                made.append(Slot(path, os.open(path, flags, 0o640), self, is_direct=self._direct))
            fsync_directory(self.path)
        except OSError:
            _throw_away(made)
            raise
        with self._lock:
            if not self.is_abandoned:
                self._open += len(made)
                self._idle += made
                return
        _throw_away(made)

    def take(self) -> Slot | None:
        """A slot, or None where there is none left."""
        with self._lock:
            slot = self._idle.pop() if self._idle else None
            if slot and len(self._idle) == FEW_SLOTS and not (self._filling and self._filling.is_alive()):
                self._filling = threading.Thread(target=self._fill_ahead, name="slots", daemon=True)
                self._filling.start()
            return slot

    def leave(self) -> None:
        """One slot less is open."""
        with self._lock:
            self._open -= 1
            self._unlock_if_unused()

    def abandon(self) -> None:
        """Make no further use of the folder, so that the disk can be mended and the recovery can look at what is in it.

        Its lock goes with the last file that is being received: until then nobody takes that for left over.
        """
        with self._lock:
            idle, self._idle = self._idle, []
            _throw_away(idle)
            self._open -= len(idle)
            self.is_abandoned = True
            self._unlock_if_unused()

    def close(self) -> None:
        """Remove the slots that were not used, and the folder if nothing else is in it."""
        self.abandon()
        if self._filling:
            self._filling.join()
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _fill_ahead(self) -> None:
        # Whoever finds no slot tries again, and tells its sender what is wrong.
        with contextlib.suppress(OSError):
            self.fill()

    def _unlock_if_unused(self) -> None:
        if self.is_abandoned and not self._open and self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _throw_away(slots: list[Slot]) -> None:
    """Close and remove slots that are in no folder's books."""
    for slot in slots:
        os.close(slot.descriptor)
        slot.descriptor = -1
        with contextlib.suppress(OSError):
            slot.path.unlink()


class Intake:
    """The slots of one process; they lie in a folder that it holds by a lock for as long as it lives."""

    def __init__(self, incoming: Path, *, direct: bool = True) -> None:
        """`direct` says whether files are written around the page cache, where that can be done."""
        self._incoming = incoming
        self._direct = direct
        self._lock = threading.Lock()
        self._folder: _Folder | None = None
        self._owner = 0

    def take(self) -> Slot:
        """An empty slot; whoever takes it closes or removes it. Raises ArchiveError."""
        with self._lock, archive_errors("create a file"):
            if self._owner != os.getpid():
                # What a forked process inherits belongs to its parent.
                self._folder, self._owner = None, os.getpid()
            while True:
                if self._folder is None or self._folder.is_abandoned:
                    self._folder = self._open_folder()
                slot = self._folder.take()
                if slot is not None:
                    return slot
                if self._folder.path.is_dir():
                    self._folder.fill()
                else:
                    self._folder.abandon()

    def close(self) -> None:
        """Remove the slots that were not used, and the folder if nothing else is in it."""
        with self._lock:
            if self._folder is not None and self._owner == os.getpid():
                self._folder.close()
                self._folder = None

    def _open_folder(self) -> _Folder:
        """A new folder under a lock. It gets its name only when it is locked, so that nobody takes it for left over."""
        new = self._incoming / f".new-{secrets.token_hex(8)}"
        folder = self._incoming / secrets.token_hex(8)
        new.mkdir(mode=0o750)
        descriptor = os.open(new, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            new.rename(folder)
            fsync_directory(self._incoming)
        except OSError:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                new.rmdir()
            raise
        return _Folder(folder, descriptor, direct=self._direct)


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


def waiting_since(incoming: Path) -> list[float]:
    """When each file that was received in full and is still here was, in seconds since 1970. Raises OSError.

    Its head is written last, so that a file without one is still being received.
    """
    found = []
    for folder in incoming.iterdir():
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat()
                    if status.st_size and _has_head(entry.path):
                        found.append(status.st_mtime)
    return found


def _has_head(path: str) -> bool:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - there may be thousands
        return file.read(len(PREAMBLE)) == PREAMBLE
