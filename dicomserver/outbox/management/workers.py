"""Becomes a Celery worker of this server, whichever of its queues the worker serves."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def become_worker(queue: str, concurrency: int, options: Sequence[str] = ()) -> NoReturn:
    """Replace this process, so that signals reach the worker itself."""
    name = ["--hostname", f"{queue}@%h", "--queues", queue]
    # Tasks wait for others and for the database, hardly ever for the processor: threads are enough.
    pool = ["--pool", "threads", "--concurrency", str(concurrency)]
    quiet = ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    program = [sys.executable, "-m", "celery", "-A", "dicomserver.celery", "--quiet", "worker"]
    os.execv(sys.executable, [*program, *name, *pool, *quiet, *options])  # noqa: S606 - no shell
