"""Tests of the locks between processes."""

from pathlib import Path

import pytest

from runtime.locks import FileLock, LockTimeoutError, is_locked
from tests.runtime.conftest import Spawn, read_line

HOLDER = """
import sys
from pathlib import Path
from runtime.locks import FileLock
print(FileLock(Path(sys.argv[1])).try_acquire(), flush=True)
sys.stdin.read()
"""


def test_only_one_holds_a_lock_and_releasing_it_hands_it_on(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire()
    assert not second.try_acquire()
    assert (first.is_held, second.is_held) == (True, False)
    first.release()
    first.release()
    assert second.try_acquire()
    second.release()


def test_a_shared_lock_is_held_by_many_and_keeps_the_exclusive_one_out(tmp_path: Path) -> None:
    first, second, third = (FileLock(tmp_path / "lock") for _ in range(3))
    assert first.try_acquire(shared=True)
    assert second.try_acquire(shared=True)
    assert not third.try_acquire()
    assert not is_locked(tmp_path / "lock")
    first.release()
    second.release()
    assert third.try_acquire()
    assert is_locked(tmp_path / "lock")
    third.release()


def test_waiting_for_a_lock_ends_with_a_sentence(tmp_path: Path) -> None:
    holder, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert holder.try_acquire()
    with pytest.raises(LockTimeoutError, match="is still locked by another process after 0 s"):
        other.acquire(seconds=0.1)
    holder.release()


def test_the_kernel_frees_the_lock_of_a_killed_process(tmp_path: Path, spawn: Spawn) -> None:
    holder = spawn("-c", HOLDER, tmp_path / "lock")
    assert read_line(holder) == "True"
    assert is_locked(tmp_path / "lock")
    holder.kill()
    lock = FileLock(tmp_path / "lock")
    lock.acquire(seconds=5)
    lock.release()


def test_a_file_that_does_not_exist_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []
