"""Makes a person with a first role: the way to the first administrators of a new portal."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from audit.actors import SystemActor
from portal.accounts.models import User
from portal.institutions.models import Institution, Role
from portal.institutions.services import create_person


class Command(BaseCommand):
    """`manage.py create_person USERNAME ROLE INSTITUTION`."""

    help = "Make a person who holds one role. The password is asked for, or read from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take who it is and what they are."""
        parser.add_argument("username")
        parser.add_argument("role", choices=Role.values)
        parser.add_argument("institution", help="code of the institution that vouches for them")
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Make the person."""
        institution = Institution.objects.filter(code=options["institution"]).first()
        if institution is None:
            raise CommandError(f"There is no institution {options['institution']!r}. Make it with create_institution.")
        if User.objects.filter(username__iexact=options["username"]).exists():
            raise CommandError(f"There is a person {options['username']!r} already.")
        person = create_person(
            actor=SystemActor("create_person"),
            username=options["username"],
            password=_password(),
            first_name=options["first_name"],
            last_name=options["last_name"],
            email=options["email"],
            institution=institution,
            role=Role(options["role"]),
        )
        self.stdout.write(person.username)


def _password() -> str:
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        validate_password(password)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return password
