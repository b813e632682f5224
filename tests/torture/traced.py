"""Runs a command of a server under strace, and says of each instance when what was done for it."""

import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from runtime.leftovers import MARK, processes_marked
from tests.demonstration import ROOT, wait_until
from tests.torture.disk import Disk, File
from tests.torture.trace import STRACE, Call, calls_of

STOP_SECONDS = 30
SENDS = frozenset({"sendto", "sendmsg", "write", "writev"})


class TracedCommand:
    """`python -m dicomserver COMMAND` under strace, in a home that holds no instance yet.

    `unsynced` are folders in it that are made now, as if by a process that was killed before it synced their names.
    """

    def __init__(self, environment: Mapping[str, str], *command: str, unsynced: Sequence[str] = ()) -> None:
        self.home, self._unsynced = Path(environment["DICOM_SERVER_HOME"]), unsynced
        self.trace = self.home.with_suffix(".strace")
        self._folders = [folder.name for folder in self.home.iterdir() if folder.is_dir()]
        for folder in unsynced:
            (self.home / folder).mkdir()
        self._mark = f"{self.trace}:"
        with self.home.with_suffix(".log").open("ab") as log:
            self._strace = subprocess.Popen(
                [*STRACE, "-o", str(self.trace), sys.executable, "-m", "dicomserver", *command],
                cwd=ROOT,
                env={**os.environ, **environment, MARK: self._mark},
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kill()
        self._strace.wait(STOP_SECONDS)

    def cut_power(self) -> "TracedRun":
        """Kill all of its processes at once."""
        self._kill()
        return self.wait()

    def wait(self) -> "TracedRun":
        """Wait for its end."""
        self._strace.wait(STOP_SECONDS)
        wait_until(lambda: not self._processes(), STOP_SECONDS, "the traced command has ended")
        return TracedRun(self.trace, Disk(self.home, self._folders, self._unsynced))

    def _kill(self) -> None:
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _processes(self) -> list[int]:
        return [pid for pid in processes_marked(self._mark) if pid != self._strace.pid]


@dataclass(frozen=True)
class Commit:
    """A transaction: all that was sent since the one before, when COMMIT was sent, and when it was answered."""

    statements: bytes
    begun: int
    answered: float


class TracedRun:
    """What a trace tells, when its command has ended."""

    def __init__(self, trace: Path, disk: Disk) -> None:
        self.calls = list(calls_of(trace))
        self.disk, self.home = disk, disk.root
        disk.replay(self.calls)

    def file_of(self, data_set: bytes) -> File:
        """The one file that was received with these bytes."""
        (found,) = [file for file in self.disk.all_files if bytes(file.content).endswith(data_set) and file.named]
        return found

    def sends(self, port: int) -> list[Call]:
        """What was sent on connections of which our end has this port."""
        return [call for call in self.calls if call.name in SENDS and f":{port}->" in call.connection]

    def commits(self, port: int) -> list[Commit]:
        """The transactions of a database at this port that were committed, or were about to be."""
        statements: dict[str, bytes] = defaultdict(bytes)
        found: list[Commit] = []
        for number, call in enumerate(self.calls):
            if not call.connection.endswith(f":{port}]") or call.name not in SENDS:
                continue
            statements[call.connection] += call.data
            if b"COMMIT\0" in call.data:
                answers = (
                    later.ended
                    for later in self.calls[number:]
                    if later.connection == call.connection and later.name == "recvfrom" and b"COMMIT\0" in later.data
                )
                answered = next(answers, float("inf"))
                found.append(Commit(statements.pop(call.connection), call.begun, answered))
        return found
