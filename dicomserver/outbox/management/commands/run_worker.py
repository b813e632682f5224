"""`run_worker`: the process that delivers the outbox and sends heartbeats."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Become a Celery worker of this server."""

    help = "Runs the Celery worker: outbox, heartbeats, closing of studies and viewing sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much at once."""
        parser.add_argument("--concurrency", type=int, default=6, help="Tasks at once (threads).")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Replace this process, so that signals reach the worker itself."""
        name = ["--hostname", f"{settings.CELERY_TASK_DEFAULT_QUEUE}@%h"]
        # Tasks wait for the portal and the database, hardly ever for the processor: threads are enough.
        pool = ["--pool", "threads", "--concurrency", str(options["concurrency"])]
        quiet = ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        program = [sys.executable, "-m", "celery", "-A", "dicomserver.celery", "--quiet", "worker"]
        os.execv(sys.executable, [*program, *name, *pool, *quiet])  # noqa: S606 - no shell
