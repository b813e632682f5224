"""Forgets a machine: from then on it is a stranger."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.access.peers import REFRESH_SECONDS, PeerError, remove_peer


class Command(BaseCommand):
    """python -m dicomserver remove_peer NAME."""

    help = "Treat a machine as a stranger from now on, and refuse its token. What it has stored stays stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The machine."""
        parser.add_argument("name", help="the name that it was added under")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Disable it."""
        try:
            remove_peer(options["name"])
        except PeerError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"A stranger within {REFRESH_SECONDS:.0f} seconds.")
