"""`run_transfers`: the process that does what takes long: sending, fetching and importing many instances."""

from argparse import ArgumentParser
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand

from dicomserver.outbox.management.workers import become_worker

# Nothing is fetched ahead: what waits behind a long transfer, another thread or process may do now.
_ONE_EACH: Final = ("--prefetch-multiplier", "1")


class Command(BaseCommand):
    """Become the Celery worker of this server's long work."""

    help = "Runs the worker of long work: forwarding, storage commitment, retrieval from elsewhere, imports."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much at once."""
        parser.add_argument("--concurrency", type=int, default=8, help="Transfers at once (threads).")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Replace this process."""
        become_worker(settings.TRANSFERS_QUEUE, options["concurrency"], _ONE_EACH)
