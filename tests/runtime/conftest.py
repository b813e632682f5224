"""Folders for servers, and processes that use them, as another user where that is asked for."""

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.embedded import account

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent
# PostgreSQL makes its files only for a user with an entry in the user table.
ORDINARY_USER_ID = pwd.getpwnam("nobody").pw_uid

Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A folder that only its owner passes, as every temporary one; for root, data of servers go elsewhere."""
    yield tmp_path
    account.forget_places_below(tmp_path)


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start `python ARGUMENTS` in the project; what still runs at the end of the test is killed."""
    children: list[subprocess.Popen[str]] = []

    def start(*arguments: object, ordinary_user: bool = False, **environment: str) -> "subprocess.Popen[str]":
        child = subprocess.Popen(
            [*(ordinary_user_prefix() if ordinary_user else ()), sys.executable, *map(str, arguments)],
            cwd=PROJECT_ROOT,
            env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def ordinary_user_prefix() -> tuple[str, ...]:
    """Return the command that makes root an ordinary user; nothing for whoever is one already.

    The one right of root that is kept lets it read an interpreter that lies below root's home.
    """
    if os.geteuid():
        return ()
    user, right = str(ORDINARY_USER_ID), "+dac_override"
    identity = ("--reuid", user, "--regid", user, "--clear-groups")
    return ("setpriv", *identity, "--inh-caps", right, "--ambient-caps", right)


def read_line(child: "subprocess.Popen[str]") -> str:
    """Return the next line that the child prints."""
    assert child.stdout is not None
    return str(child.stdout.readline()).strip()


def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for the condition; fail when it takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.02)
