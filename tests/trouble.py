"""What the programs of a demonstration said while a test ran that failed: nobody can ask them afterwards."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from demo.databases import database_name
from tests.demonstration import ROOT, Demonstration

MOST_LINES = 80
LONGEST_LINE = 500
CALM = frozenset({"debug", "info"})
SERVERS = ("server-a", "server-b")
WAITING = """
SELECT kind, subject, attempts, failure, last_error, now() - created_at AS age, next_attempt_at - now() AS due
FROM outbox_outboxmessage WHERE delivered_at IS NULL ORDER BY next_attempt_at LIMIT 8
"""
WORKER = "dicomserver.celery --quiet worker"
# Time for a worker to write what its threads do.
TRACE_SECONDS = 1.0


def trouble_of(demonstration: Demonstration, since: float) -> str:
    """What waits in the outboxes, and what was said since a moment (seconds of the epoch) that is no mere news."""
    told = [
        f"{server} waits to report: {line}"
        for server in SERVERS
        for line in demonstration.sql(database_name(server), WAITING).stdout.splitlines()
    ]
    if told:
        told += _what_workers_do(demonstration)
    told += [line for log in _logs(demonstration) for line in _said(log, since)][-MOST_LINES:]
    return "\n".join(line[:LONGEST_LINE] for line in told)


def _what_workers_do(demonstration: Demonstration) -> Iterator[str]:
    """Where in our code the threads of the workers are: Celery's answer to this signal, in their logs."""
    before = {log: log.stat().st_size for log in _logs(demonstration)}
    for pid in demonstration.pids(WORKER):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR1)
    time.sleep(TRACE_SECONDS)
    for log, size in before.items():
        for line in log.read_bytes()[size:].decode(errors="replace").splitlines():
            if line.startswith("  File ") and f"{ROOT}/dicomserver/" in line:
                yield f"{log.stem} is at {line.strip()}"


def _logs(demonstration: Demonstration) -> list[Path]:
    return sorted((demonstration.directory / "programs" / "logs").glob("*.log"))


def _said(log: Path, since: float) -> Iterator[str]:
    for line in log.read_text(errors="replace").splitlines():
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(line)
            if datetime.fromisoformat(said["time"]) >= datetime.fromtimestamp(since, UTC) and said["level"] not in CALM:
                yield f"{log.stem}: {line}"
