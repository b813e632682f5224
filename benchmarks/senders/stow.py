"""STOW-RS senders: one process a connection, all starting at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.plans import RoundVoid
from benchmarks.senders.storescu import shares
from runtime.processes import PROJECT_ROOT

INSTANCES_A_REQUEST = 50
SENDER = "benchmarks.senders.stow_process"


def send(
    files: Sequence[Path],
    dicomweb_url: str,
    token: str | None = None,
    *,
    at_once: int = 1,
    instances_a_request: int = INSTANCES_A_REQUEST,
) -> float:
    """Seconds from the start of sending to the last answer; each connection sends its share, request after request.

    Raises RoundVoid where an answer is not 200, or does not name every instance as stored.
    """
    senders = [start(share, dicomweb_url, token, instances_a_request) for share in shares(files, at_once)]
    try:
        for sender in senders:
            expect_ready(sender)
        started = time.perf_counter()
        for sender in senders:
            write(sender, "go\n")
        results = [json.loads(line_of(sender)) for sender in senders]
        seconds = time.perf_counter() - started
    finally:
        for sender in senders:
            sender.kill()
            sender.communicate()
    problems = [problem for result in results for problem in result["problems"]]
    stored = sum(result["stored"] for result in results)
    if problems or stored != len(files):
        raise RoundVoid(f"{stored} of {len(files)} instances answered as stored: {'; '.join(problems)}")
    return seconds


def start(files: Sequence[Path], dicomweb_url: str, token: str | None, size: int) -> subprocess.Popen[str]:
    """A sender with its task; it connects and waits."""
    address = urlsplit(dicomweb_url)
    task = {
        "host": address.hostname,
        "port": address.port,
        "path": f"{address.path}/studies",
        "token": token,
        "requests": [list(map(str, files[first : first + size])) for first in range(0, len(files), size)],
    }
    sender = subprocess.Popen(
        [sys.executable, "-m", SENDER],
        cwd=PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    write(sender, json.dumps(task) + "\n")
    return sender


def expect_ready(sender: subprocess.Popen[str]) -> None:
    """Raises RoundVoid where the sender could not connect."""
    if line_of(sender).strip() != "ready":
        raise RoundVoid("a STOW-RS sender could not connect")


def write(sender: subprocess.Popen[str], text: str) -> None:
    """Tell a sender something."""
    assert sender.stdin is not None  # noqa: S101 - told to the type checker
    sender.stdin.write(text)
    sender.stdin.flush()


def line_of(sender: subprocess.Popen[str]) -> str:
    """The next line that a sender prints; its sockets have time-outs, so that this ends."""
    assert sender.stdout is not None  # noqa: S101 - told to the type checker
    line: str = sender.stdout.readline()
    return line
