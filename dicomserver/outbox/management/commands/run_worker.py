"""`run_worker`: the process that delivers the outbox and sends heartbeats."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from dicomserver.outbox.management.workers import become_worker


class Command(BaseCommand):
    """Become a Celery worker of this server."""

    help = "Runs the Celery worker: outbox, heartbeats, closing of studies and viewing sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much at once."""
        parser.add_argument("--concurrency", type=int, default=6, help="Tasks at once (threads).")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Replace this process."""
        become_worker(settings.CELERY_TASK_DEFAULT_QUEUE, options["concurrency"])
