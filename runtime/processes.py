"""Runs a set of programs under supervisord: starts again what dies, and leaves nothing behind when it stops.

supervisord starts each program through this module (`python -m runtime.processes NAME`), which ends what a killed
predecessor left, waits for what the program needs, ties it to supervisord's life and becomes it.
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType

from runtime import env
from runtime.death import signal_on_parents_death
from runtime.leftovers import MARK, end_leftovers, processes_marked
from runtime.locks import FileLock

PROJECT_ROOT = Path(__file__).resolve().parent.parent
# A program that dies at once is started about this often, for ever: what it lacks may come back any time.
RESTART_SECONDS = 1.0
POLL_SECONDS = 0.1
LEFTOVER_SECONDS = 5.0
STOP_SECONDS = 60.0
LOG_BYTES = 10 * 1024 * 1024
LOG_BACKUPS = 3
CONNECT_SECONDS = 1.0


class ProcessesError(Exception):
    """The programs cannot run; the message says why and what to do."""


@dataclass(frozen=True)
class Program:
    """One program: its command, and what supervisord has to know about it.

    `environment` is put over ours. Programs start by rising `priority` and stop by falling one, those of the same
    priority together. `needs` are addresses ("127.0.0.1:8000") that must accept connections before the command
    starts. `once` is for a command that does its work and ends; it is repeated only if it fails.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path = PROJECT_ROOT
    priority: int = 500
    needs: Sequence[str] = ()
    once: bool = False
    stop_signal: str = "TERM"
    stop_seconds: int = 15


def run(programs: Sequence[Program], directory: Path, while_running: Callable[[], None] | None = None) -> int:
    """Run the programs until SIGTERM or Ctrl-C; return the exit code.

    The configuration, the logs and what else they need lie in `directory`, of which only one run is possible at a
    time. `while_running` is called in a thread once the programs were started; when it raises, all of them stop.
    """
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / "processes.lock")
    if not lock.try_acquire():
        raise ProcessesError(f"Programs of {directory} are running already. Stop them first, or name another folder.")
    try:
        return _Run(programs, directory, while_running).run()
    finally:
        lock.release()


class _Run:
    """One run: supervisord, started again should it be killed, and the thread beside it."""

    def __init__(self, programs: Sequence[Program], directory: Path, while_running: Callable[[], None] | None) -> None:
        self.directory = directory
        self.programs = programs
        self.while_running = while_running
        self.stop_asked = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> int:
        env.publish(MARK, f"{self.directory}:")
        end_leftovers(self._leftovers, patience_seconds=LEFTOVER_SECONDS)
        _write_configuration(self.programs, self.directory)
        handlers = {number: signal.signal(number, self._ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
        if self.while_running is not None:
            threading.Thread(target=self._run_beside, name="while-running", daemon=True).start()
        try:
            while not self.stop_asked.is_set():
                self._supervise()
        finally:
            # What hangs on after supervisord had its time, and what the thread may have started.
            end_leftovers(self._leftovers, patience_seconds=0)
            for number, handler in handlers.items():
                signal.signal(number, handler)
        if self.failure is not None:
            raise self.failure
        return 0

    def _supervise(self) -> None:
        """Run supervisord until we are asked to stop or somebody kills it."""
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-n", "-s", "-c", "supervisord.conf"],
            cwd=self.directory,
            env=env.inherited({"PYTHONPATH": str(PROJECT_ROOT), "PYTHONUNBUFFERED": "1"}),
            stdin=subprocess.DEVNULL,
            # Ctrl-C in a terminal reaches us alone, and we pass it on as SIGTERM.
            start_new_session=True,
            preexec_fn=signal_on_parents_death(signal.SIGTERM),  # noqa: PLW1509 - only a prepared C call
        )
        while supervisor.poll() is None and not self.stop_asked.wait(POLL_SECONDS):
            pass
        if supervisor.poll() is None:
            supervisor.terminate()
            try:
                supervisor.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                supervisor.kill()
                supervisor.wait()
        elif not self.stop_asked.is_set():
            print(f"supervisord ended with code {supervisor.returncode}; starting it again.", file=sys.stderr)
            end_leftovers(self._supervised_leftovers, patience_seconds=LEFTOVER_SECONDS)
            self.stop_asked.wait(RESTART_SECONDS)

    def _run_beside(self) -> None:
        try:
            assert self.while_running is not None  # noqa: S101 - told to the type checker
            self.while_running()
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self.failure = error
            self.stop_asked.set()

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler
        self.stop_asked.set()

    def _leftovers(self) -> list[int]:
        return processes_marked(f"{self.directory}:")

    def _supervised_leftovers(self) -> list[int]:
        names = {program.name for program in self.programs}
        return [found for name in names for found in processes_marked(f"{self.directory}:{name}:")]


def _write_configuration(programs: Sequence[Program], directory: Path) -> None:
    """Write supervisord's configuration, and each program's own in a file that only its owner reads."""
    for folder in ("logs", "processes"):
        (directory / folder).mkdir(exist_ok=True)
    sections = [_supervisor_section(), *map(_program_section, programs)]
    for priority in sorted({program.priority for program in programs}):
        # supervisord stops group after group, and the programs of one group together.
        names = ",".join(program.name for program in programs if program.priority == priority)
        sections.append(f"[group:priority-{priority}]\nprograms={names}\npriority={priority}\n")
    (directory / "supervisord.conf").write_text("\n".join(sections), encoding="utf-8")
    for program in programs:
        file = directory / "processes" / f"{program.name}.json"
        file.unlink(missing_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(asdict(program), stream, default=str)


def _supervisor_section() -> str:
    # Root is said to be meant, where it is: supervisord warns otherwise.
    user = "user=root\n" if os.geteuid() == 0 else ""
    return (
        "[supervisord]\nlogfile=logs/supervisord.log\npidfile=supervisord.pid\nchildlogdir=logs\n"
        f"logfile_maxbytes={LOG_BYTES}\nlogfile_backups={LOG_BACKUPS}\n{user}"
    )


def _program_section(program: Program) -> str:
    command = shlex.join([sys.executable, "-m", "runtime.processes", program.name]).replace("%", "%%")
    restart = "autorestart=unexpected\nexitcodes=0\n" if program.once else "autorestart=true\n"
    return (
        f"[program:{program.name}]\ncommand={command}\npriority={program.priority}\n"
        # Counted as running from the first moment, so that supervisord never gives one up; we pace the restarts.
        f"startsecs=0\nstartretries=1000000\n{restart}"
        f"stopsignal={program.stop_signal}\nstopwaitsecs={program.stop_seconds}\nkillasgroup=true\n"
        f"redirect_stderr=true\nstdout_logfile=logs/{program.name}.log\n"
        f"stdout_logfile_maxbytes={LOG_BYTES}\nstdout_logfile_backups={LOG_BACKUPS}\n"
    )


def become(name: str, directory: Path) -> None:
    """Become the program, in place of the process that supervisord started; returns only by an error."""
    program = json.loads((directory / "processes" / f"{name}.json").read_text(encoding="utf-8"))
    number = getattr(signal, f"SIG{program['stop_signal']}")
    signal_on_parents_death(number)()
    mark = f"{directory}:{name}:"
    _pace(directory / "processes" / f"{name}.started")
    end_leftovers(lambda: processes_marked(mark), patience_seconds=0)
    for address in program["needs"]:
        _wait_for(address)
    os.chdir(program["directory"])
    command = program["command"]
    os.execvpe(command[0], command, env.inherited({**program["environment"], MARK: mark}))  # noqa: S606 - no shell is meant


def _pace(file: Path) -> None:
    """Wait until the last start is long enough ago."""
    if file.exists():
        time.sleep(max(0.0, min(RESTART_SECONDS, file.stat().st_mtime + RESTART_SECONDS - time.time())))
    file.touch()


def _wait_for(address: str) -> None:
    host, _, port = address.rpartition(":")
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return


if __name__ == "__main__":
    become(sys.argv[1], Path.cwd())
