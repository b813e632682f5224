"""Processes that a benchmark starts: their logs, their end, their memory, and when they have come to rest."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.plans import RoundVoid
from runtime import env
from runtime.death import signal_on_parents_death
from runtime.processes import PROJECT_ROOT

START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
REST_SECONDS = 0.5
REST_SHARE = 0.06
REST_DEADLINE_SECONDS = 20.0
TICKS = os.sysconf("SC_CLK_TCK")
LOG_LINES = 12
LISTENING = "0A"


class ServerProcess:
    """One started program; what it says goes to a file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as stream:
            self.process = subprocess.Popen(
                command,
                cwd=PROJECT_ROOT,
                env=env.inherited(environment),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                preexec_fn=signal_on_parents_death(signal.SIGTERM),  # noqa: PLW1509 - only a prepared C call
            )

    def check(self) -> None:
        """Raises RoundVoid with the end of the log where the program has ended."""
        code = self.process.poll()
        if code is not None:
            raise RoundVoid(f"{self.name} ended with code {code}: {self.end_of_log()}")

    def end_of_log(self) -> str:
        """The last lines of what it said."""
        return " / ".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])

    def stop(self) -> None:
        """End it, kindly at first, and what is left of its children."""
        family = tree(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for process_id in family[1:]:
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)


def stop_all(processes: Sequence[ServerProcess]) -> None:
    """Stop all, those that were started last first."""
    for process in reversed(processes):
        process.stop()


def free_port() -> int:
    """A port of the loopback address that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], what: str, processes: Sequence[ServerProcess] = ()) -> None:
    """Wait until something is so; raises RoundVoid where a process ends before, or it takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        for process in processes:
            process.check()
        if time.monotonic() > deadline:
            raise RoundVoid(f"{what} took more than {START_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def listens(port: int) -> bool:
    """Whether somebody listens on the port of the loopback address; asked of the kernel, as a try leaves traces."""
    table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    addresses = {fields[1] for line in table if (fields := line.split())[3] == LISTENING}
    return any(f"{address}:{port:04X}" in addresses for address in ("0100007F", "00000000"))


def wait_for_rest(processes: Sequence[ServerProcess]) -> None:
    """Wait until the processes and their children, just started, need hardly any processor time."""
    deadline = time.monotonic() + REST_DEADLINE_SECONDS
    while time.monotonic() < deadline:
        before = processor_seconds(processes)
        time.sleep(REST_SECONDS)
        if processor_seconds(processes) - before < REST_SHARE * REST_SECONDS:
            return


def processor_seconds(processes: Sequence[ServerProcess]) -> float:
    """Processor time of the processes and their children so far."""
    total = 0
    for process_id in family_of(processes):
        with suppress(OSError, IndexError):
            fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def family_of(processes: Sequence[ServerProcess]) -> list[int]:
    """Ids of the processes and all their children."""
    return [process_id for one in processes for process_id in tree(one.process.pid)]


def tree(process_id: int) -> list[int]:
    """A process and all below it."""
    found = [process_id]
    with suppress(OSError):
        for task in Path(f"/proc/{process_id}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                found += tree(int(child))
    return found


def forget_peak(process_ids: Sequence[int]) -> None:
    """Let the peak of memory start anew from what is used now (proc(5), clear_refs)."""
    for process_id in process_ids:
        with suppress(OSError):
            Path(f"/proc/{process_id}/clear_refs").write_text("5", encoding="ascii")


def peak_megabytes(process_ids: Sequence[int]) -> float:
    """The highest resident memory that any one of the processes had since, in MB of 10^6 bytes."""
    return max(map(peak_bytes, process_ids), default=0) / 1e6


def peak_bytes(process_id: int) -> int:
    """The highest resident memory of one process; 0 where it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
