"""`run_beat`: the process that sets the pace of the tasks; exactly one a server."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Become the Celery beat of this server."""

    help = "Runs Celery beat: sends the tasks of the schedule to the worker. Run one a server."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Replace this process, so that signals reach beat itself."""
        # The schedule is kept in memory: all its intervals are short, and no file can be left half written.
        beat = ["beat", "--scheduler", "celery.beat:Scheduler", "--pidfile", "", "--loglevel", "WARNING"]
        os.execv(sys.executable, [sys.executable, "-m", "celery", "-A", "dicomserver.celery", "--quiet", *beat])  # noqa: S606 - no shell
