"""Removes a rule by which instances go on to another machine."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.forwarding.rules import RuleError, remove_rule


class Command(BaseCommand):
    """python -m dicomserver remove_forward_rule NAME."""

    help = "Forward nothing more by a rule. What it has queued is sent all the same."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which rule."""
        parser.add_argument("name", help="the name that it was added under")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Remove it."""
        try:
            remove_rule(options["name"])
        except RuleError as error:
            raise CommandError(str(error)) from error
