"""Tests of finding and ending what killed processes left."""

import subprocess
import time
from pathlib import Path

from runtime.leftovers import MARK, end_leftovers, processes_in, processes_marked
from tests.runtime.conftest import Spawn, read_line

WAITER = "import sys; print('up', flush=True); sys.stdin.read()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + WAITER


def test_processes_are_found_by_the_folder_that_they_work_in_and_by_their_program(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as child:
        assert processes_in(tmp_path, "sleep") == [child.pid]
        assert processes_in(tmp_path, "postgres") == []
        assert processes_in(tmp_path.parent, "sleep") == []
        child.kill()
    assert processes_in(tmp_path, "sleep") == []
    assert processes_in(tmp_path / "absent", "sleep") == []


def test_processes_are_found_by_their_mark_with_their_children(tmp_path: Path, spawn: Spawn) -> None:
    parent_code = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {WAITER!r}]).returncode)"
    parent = spawn("-c", parent_code, **{MARK: f"{tmp_path}:web:"})
    assert read_line(parent) == "up"
    found = processes_marked(f"{tmp_path}:")
    assert len(found) == 2
    assert parent.pid in found
    assert processes_marked(f"{tmp_path}:web:") == found
    assert processes_marked(f"{tmp_path}:worker:") == []


def test_leftovers_that_do_not_end_in_time_are_killed(tmp_path: Path, spawn: Spawn) -> None:
    child = spawn("-c", STUBBORN, **{MARK: f"{tmp_path}:web:"})
    assert read_line(child) == "up"
    started = time.monotonic()
    end_leftovers(lambda: processes_marked(f"{tmp_path}:") if child.poll() is None else [], patience_seconds=0.3)
    assert 0.3 <= time.monotonic() - started < 5
    assert child.wait() == -9


def test_leftovers_that_end_by_themselves_are_waited_for(tmp_path: Path, spawn: Spawn) -> None:
    child = spawn("-c", "import time; print('up', flush=True); time.sleep(0.5)", **{MARK: f"{tmp_path}:web:"})
    assert read_line(child) == "up"
    end_leftovers(lambda: processes_marked(f"{tmp_path}:") if child.poll() is None else [], patience_seconds=20)
    assert child.wait() == 0


def test_this_process_is_never_among_the_leftovers(spawn: Spawn, tmp_path: Path) -> None:
    code = f"from runtime.leftovers import processes_marked; print(processes_marked({str(tmp_path)!r}))"
    child = spawn("-c", code, **{MARK: f"{tmp_path}:web:"})
    assert child.communicate(timeout=20)[0] == "[]\n"
