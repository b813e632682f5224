"""Takes the right to store by STOW-RS from a machine."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.access.senders import REFRESH_SECONDS, SenderError, remove_sender


class Command(BaseCommand):
    """python -m dicomserver remove_sender NAME."""

    help = "Refuse the token of a machine from now on. What it has stored stays stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The machine."""
        parser.add_argument("name", help="the name that it was added under")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Disable it."""
        try:
            remove_sender(options["name"])
        except SenderError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Refused within {REFRESH_SECONDS:.0f} seconds.")
