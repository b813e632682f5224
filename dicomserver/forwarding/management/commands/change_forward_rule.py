"""Enables or disables a rule by which instances go on to another machine."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.forwarding.rules import REFRESH_SECONDS, RuleError, set_enabled


class Command(BaseCommand):
    """python -m dicomserver change_forward_rule NAME --enable."""

    help = "Enable or disable a forward rule. What it has queued is sent all the same."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which rule, and what with it."""
        parser.add_argument("name", help="the name that it was added under")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--enable", action="store_true", dest="is_enabled", help="queue by it from now on")
        which.add_argument("--disable", action="store_false", dest="is_enabled", help="queue nothing more by it")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Change it."""
        try:
            set_enabled(options["name"], is_enabled=options["is_enabled"])
        except RuleError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Changed within {REFRESH_SECONDS:.0f} seconds.")
