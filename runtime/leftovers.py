"""Finds and ends processes that a killed server or supervisor left running."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")
POLL_SECONDS = 0.05
# Every process under a supervisor of ours has this variable, and so have its children.
MARK = "DICOM_NETWORK_PROGRAM"


def processes_in(directory: Path, program: str) -> list[int]:
    """Return the ids of the processes of `program` that have `directory` as working directory.

    Servers work inside their data directory, so this names exactly the ones of this data, also when a process id in
    a stale file has long been given to somebody else. A shell of a person in the folder is another program.
    """
    found: list[int] = []
    try:
        target = directory.stat()
    except FileNotFoundError:
        return found
    for entry in _entries():
        with suppress(OSError):
            place = (entry / "cwd").stat()
            name = (entry / "exe").readlink().name.removesuffix(" (deleted)")
            if (place.st_dev, place.st_ino) == (target.st_dev, target.st_ino) and name == program:
                found.append(int(entry.name))
    return found


def processes_marked(prefix: str) -> list[int]:
    """Return the ids of the processes, other than this one, whose mark was `prefix` and more when they started."""
    start = f"{MARK}={prefix}".encode()
    found: list[int] = []
    for entry in _entries():
        with suppress(OSError):
            if any(item.startswith(start) for item in (entry / "environ").read_bytes().split(b"\0")):
                found.append(int(entry.name))
    return [process_id for process_id in found if process_id != os.getpid()]


def end_leftovers(find: Callable[[], list[int]], *, patience_seconds: float) -> None:
    """Wait for the processes to end by themselves, then kill them; return when none is left."""
    deadline = time.monotonic() + patience_seconds
    while leftovers := find():
        if time.monotonic() >= deadline:
            for process_id in leftovers:
                with suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def _entries() -> Iterator[Path]:
    return PROCESSES.glob("[0-9]*")
