"""`run_web`: the web process of this server, granian with Django behind it."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

# Requests wait for disk and database; each thread holds one connection to the database.
THREADS = "8"


class Command(BaseCommand):
    """Become the web server of this server."""

    help = "Serves DICOMweb, health and metrics on DICOMWEB_HOST:DICOMWEB_PORT."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Replace this process, so that signals reach granian itself."""
        address = ["--host", settings.DICOMWEB_HOST, "--port", str(settings.DICOMWEB_PORT)]
        size = ["--workers", str(settings.DICOMWEB_WORKERS), "--blocking-threads", THREADS, "--backpressure", "256"]
        care = ["--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "warning", "--no-ws"]
        program = [sys.executable, "-m", "granian", "--interface", "wsgi", *address, *size, *care]
        os.execv(sys.executable, [*program, "dicomserver.dicomweb.wsgi:application"])  # noqa: S606 - no shell
