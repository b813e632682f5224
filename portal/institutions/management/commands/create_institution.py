"""Makes an institution of the network."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from portal.institutions.services import create_institution


class Command(BaseCommand):
    """`manage.py create_institution CODE NAME SHORT_NAME`."""

    help = "Make an institution, unless one of this code exists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how the institution is called."""
        parser.add_argument("code", help="short and lasting, such as nistru")
        parser.add_argument("name", help="the whole name")
        parser.add_argument("short_name", help="the name in lists")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Make it."""
        institution = create_institution(code=options["code"], name=options["name"], short_name=options["short_name"])
        self.stdout.write(institution.code)
