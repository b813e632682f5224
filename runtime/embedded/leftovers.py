"""Finds and ends what a killed server left running in its data directory."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")
POLL_SECONDS = 0.05


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
    for entry in PROCESSES.glob("[0-9]*"):
        try:
            place = (entry / "cwd").stat()
            name = Path((entry / "exe").readlink()).name.removesuffix(" (deleted)")
        except OSError:
            continue
        if (place.st_dev, place.st_ino) == (target.st_dev, target.st_ino) and name == program:
            found.append(int(entry.name))
    return found


def end_leftovers(directory: Path, program: str, patience_seconds: float) -> None:
    """Wait for the leftovers to end by themselves, then kill them; return when none is left."""
    deadline = time.monotonic() + patience_seconds
    while leftovers := processes_in(directory, program):
        if time.monotonic() > deadline:
            for process_id in leftovers:
                with suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
