"""Lets a machine of the institution store by STOW-RS."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.access.senders import SenderError, add_sender


class Command(BaseCommand):
    """python -m dicomserver add_sender NAME."""

    help = "Make a token with which a machine may store by STOW-RS. It is printed once and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The machine."""
        parser.add_argument("name", help="a name of your choice, under which the log speaks of it")
        parser.add_argument("--ae-title", default="", help="stands as the calling AE title of what it sends")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Print the token alone, so that a script can take it."""
        try:
            token = add_sender(options["name"], ae_title=options["ae_title"])
        except SenderError as error:
            raise CommandError(str(error)) from error
        self.stderr.write("It must send the header `Authorization: Bearer TOKEN`, with this token:")
        self.stdout.write(token)
