"""Removes files that were set aside, after somebody has looked at them."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.deleting.services import Deleter
from dicomserver.deleting.set_aside import NothingSetAside, take_away
from dicomserver.ingest.archives import configured_archive


class Command(BaseCommand):
    """python -m dicomserver remove_set_aside NAME … --reason TEXT."""

    help = "Remove files that were set aside, for good. list_set_aside names them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, and why."""
        parser.add_argument("names", metavar="NAME", nargs="+", help="As list_set_aside says, such as q7 or c12.")
        parser.add_argument("--reason", required=True, help="Why; it is told to the portal's audit.")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Remove one after the other; what was removed before a failure stays removed."""
        by = Deleter(name=f"{getpass.getuser()} at the server", way="command")
        archive = configured_archive()
        for name in options["names"]:
            try:
                take_away(name, by=by, reason=options["reason"], archive=archive)
            except NothingSetAside as error:
                raise CommandError(str(error)) from error
            except OSError as error:
                raise CommandError(f"{name} cannot be removed: {error.strerror}.") from error
            self.stdout.write(f"{name} removed.")
