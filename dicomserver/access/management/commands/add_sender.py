"""Lets a machine of the institution store by STOW-RS: short for `add_peer NAME --http --services store`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """python -m dicomserver add_sender NAME."""

    help = "Short for add_peer NAME --http --services store: make a token with which a machine may store by STOW-RS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The machine."""
        parser.add_argument("name", help="a name of your choice, under which the log speaks of it")
        parser.add_argument("--ae-title", default="", help="stands as the calling AE title of what it sends")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Add the peer; its token is printed alone."""
        call_command(
            "add_peer",
            options["name"],
            ae_title=options["ae_title"],
            services="store",
            http=True,
            stdout=self.stdout,
            stderr=self.stderr,
        )
