"""Tests of running programs under supervisord, with real processes that are killed."""

import json
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from subprocess import Popen

import pytest

from runtime.leftovers import MARK, end_leftovers, processes_marked
from runtime.processes import ProcessesError, Program, run
from tests.runtime.conftest import Spawn, eventually

RUN = """
import json, sys
from pathlib import Path
from runtime.processes import Program, run
sys.exit(run([Program(**program) for program in json.loads(sys.argv[2])], Path(sys.argv[1])))
"""
# Writes down its id, says that it is up, and notes when it is stopped.
PATIENT = """
import os, signal, sys, time
from pathlib import Path
name, folder = sys.argv[1], Path(sys.argv[2])
def stop(number, frame):
    with (folder / "stops").open("a") as stream:
        stream.write(f"{name}\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
(folder / f"{name}.pid.new").write_text(str(os.getpid()))
(folder / f"{name}.pid.new").rename(folder / f"{name}.pid")
print("up", name, flush=True)
time.sleep(600)
"""
# Has a child that takes no notice of SIGTERM.
WITH_STUBBORN_CHILD = """
import subprocess, sys
child = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('child up', flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", "import signal, time; " + child])
exec({patient!r})
""".replace("{patient!r}", repr(PATIENT))


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path) -> Iterator[None]:
    yield
    end_leftovers(lambda: processes_marked(f"{tmp_path}:"), patience_seconds=0)


class Running:
    """Programs that run in `directory`, and the folder in which they say their ids."""

    def __init__(self, process: "Popen[str]", directory: Path) -> None:
        self.process = process
        self.directory = directory

    def process_id(self, name: str) -> int:
        """Return the id that the program said last; 0 before."""
        file = self.directory / f"{name}.pid"
        return int(file.read_text()) if file.exists() else 0

    def wait_for(self, *names: str) -> None:
        """Wait until the programs said their ids."""
        eventually(lambda: all(map(self.process_id, names)))

    def left(self) -> list[int]:
        """Return what runs of these programs, children included."""
        return processes_marked(f"{self.directory}:")

    def log(self, name: str) -> str:
        """Return what a program printed."""
        file = self.directory / "logs" / f"{name}.log"
        return file.read_text() if file.exists() else ""


def patient(name: str, folder: Path, code: str = PATIENT, **options: object) -> dict[str, object]:
    return {"name": name, "command": [sys.executable, "-c", code, name, str(folder)], **options}


def start(spawn: Spawn, folder: Path, *programs: Mapping[str, object]) -> Running:
    return Running(spawn("-c", RUN, folder, json.dumps(programs)), folder)


def supervisor_id(running: Running) -> int:
    return int((running.directory / "supervisord.pid").read_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_ctrl_c_end_everything_children_too(tmp_path: Path, spawn: Spawn, number: int) -> None:
    running = start(spawn, tmp_path, patient("web", tmp_path, WITH_STUBBORN_CHILD), patient("worker", tmp_path))
    running.wait_for("web", "worker")
    eventually(lambda: "child up" in running.log("web"))
    running.process.send_signal(number)
    running.process.communicate(timeout=20)
    assert running.process.returncode == 0
    assert running.left() == []


def test_a_killed_program_is_back_within_two_seconds_and_others_do_not_notice(tmp_path: Path, spawn: Spawn) -> None:
    running = start(spawn, tmp_path, patient("web", tmp_path), patient("worker", tmp_path))
    running.wait_for("web", "worker")
    before, other = running.process_id("web"), running.process_id("worker")
    time.sleep(1)
    killed = time.monotonic()
    os.kill(before, signal.SIGKILL)
    eventually(lambda: running.process_id("web") != before)
    # Python's own start counts, on a machine that runs other tests at the same time.
    assert time.monotonic() - killed < 5
    assert running.process_id("worker") == other


def test_what_a_killed_program_left_is_ended_before_it_starts_again(tmp_path: Path, spawn: Spawn) -> None:
    running = start(spawn, tmp_path, patient("web", tmp_path, WITH_STUBBORN_CHILD))
    running.wait_for("web")
    eventually(lambda: "child up" in running.log("web"))
    before = set(processes_marked(f"{tmp_path}:web:"))
    assert len(before) == 2
    os.kill(running.process_id("web"), signal.SIGKILL)
    eventually(lambda: running.log("web").count("child up") == 2)
    assert before.isdisjoint(processes_marked(f"{tmp_path}:web:"))


def test_a_killed_supervisord_is_started_again_with_its_programs(tmp_path: Path, spawn: Spawn) -> None:
    running = start(spawn, tmp_path, patient("web", tmp_path))
    running.wait_for("web")
    supervisor, before = supervisor_id(running), running.process_id("web")
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: running.process_id("web") != before, seconds=20)
    assert supervisor_id(running) != supervisor
    eventually(lambda: before not in running.left())


def test_nothing_is_left_after_the_whole_run_was_killed(tmp_path: Path, spawn: Spawn) -> None:
    running = start(spawn, tmp_path, patient("web", tmp_path), patient("worker", tmp_path))
    running.wait_for("web", "worker")
    running.process.kill()
    eventually(lambda: running.left() == [], seconds=20)


def test_what_a_killed_run_left_does_not_block_the_next_one(tmp_path: Path, spawn: Spawn) -> None:
    first = start(spawn, tmp_path, patient("web", tmp_path, WITH_STUBBORN_CHILD))
    first.wait_for("web")
    eventually(lambda: "child up" in first.log("web"))
    stubborn = set(processes_marked(f"{tmp_path}:web:"))
    os.kill(supervisor_id(first), signal.SIGSTOP)
    first.process.kill()
    os.kill(supervisor_id(first), signal.SIGKILL)
    before = first.process_id("web")
    second = start(spawn, tmp_path, patient("web", tmp_path))
    eventually(lambda: second.process_id("web") != before, seconds=20)
    assert stubborn.isdisjoint(second.left())


def test_a_program_that_dies_at_once_is_started_about_every_second_for_ever(tmp_path: Path, spawn: Spawn) -> None:
    program = {"name": "broken", "command": ["sh", "-c", "date +%s.%N; exit 3"]}
    running = start(spawn, tmp_path, program)
    eventually(lambda: len(running.log("broken").splitlines()) >= 5, seconds=20)
    times = [float(line) for line in running.log("broken").splitlines()]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert min(pauses) > 0.9
    assert "gave up" not in (tmp_path / "logs" / "supervisord.log").read_text()


def test_a_program_to_run_once_is_repeated_only_until_it_succeeds(tmp_path: Path, spawn: Spawn) -> None:
    command = ["sh", "-c", f'echo ran; [ -e "{tmp_path}/tried" ] || {{ touch "{tmp_path}/tried"; exit 1; }}']
    running = start(spawn, tmp_path, {"name": "seed", "command": command, "once": True})
    eventually(lambda: running.log("seed").splitlines() == ["ran", "ran"])
    time.sleep(2.5)
    assert running.log("seed").splitlines() == ["ran", "ran"]


def test_a_program_waits_for_the_addresses_that_it_needs(tmp_path: Path, spawn: Spawn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
    program = patient("web", tmp_path, needs=[address])
    running = start(spawn, tmp_path, program, patient("other", tmp_path))
    running.wait_for("other")
    time.sleep(0.5)
    assert running.process_id("web") == 0
    host, _, port = address.partition(":")
    with socket.create_server((host, int(port))):
        running.wait_for("web")


def test_programs_stop_in_the_reverse_order_of_their_start(tmp_path: Path, spawn: Spawn) -> None:
    programs = [patient(name, tmp_path, priority=number) for name, number in (("last", 30), ("first", 10), ("mid", 20))]
    running = start(spawn, tmp_path, *programs)
    running.wait_for("first", "mid", "last")
    running.process.terminate()
    running.process.communicate(timeout=20)
    assert (tmp_path / "stops").read_text().split() == ["last", "mid", "first"]


def test_environment_directory_and_output_arrive_whole_and_secrets_stay_private(tmp_path: Path, spawn: Spawn) -> None:
    folder = tmp_path / "100% odd; 'folder' # here"
    value = "p%(here)s \"quoted\" 'single' ; # $HOME \\ end"
    code = "import os; print(os.environ['SECRET']); print(os.getcwd())"
    program = {"name": "seed", "command": [sys.executable, "-c", code], "environment": {"SECRET": value}, "once": True}
    running = start(spawn, folder, {**program, "directory": str(tmp_path)})
    eventually(lambda: len(running.log("seed").splitlines()) == 2)
    assert running.log("seed").splitlines() == [value, str(tmp_path)]
    private = folder / "processes" / "seed.json"
    assert value in json.loads(private.read_text())["environment"].values()
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert "quoted" not in (folder / "supervisord.conf").read_text()


def test_two_runs_in_one_folder_are_refused(tmp_path: Path, spawn: Spawn) -> None:
    running = start(spawn, tmp_path, patient("web", tmp_path))
    running.wait_for("web")
    with pytest.raises(ProcessesError, match=r"are running already\. Stop them first, or name another folder\."):
        run([], tmp_path)
    assert running.process_id("web") in running.left()


def test_an_error_beside_the_programs_stops_them_and_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, "")
    seen: list[int] = []

    def fail_when_it_runs() -> None:
        eventually((tmp_path / "web.pid").exists)
        seen.extend(processes_marked(f"{tmp_path}:web:"))
        raise LookupError("the portal does not answer")

    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(LookupError, match="the portal does not answer"):
        run([Program(**patient("web", tmp_path))], tmp_path, fail_when_it_runs)  # type: ignore[arg-type]
    assert len(seen) == 1
    assert processes_marked(f"{tmp_path}:") == []
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
