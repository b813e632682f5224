"""Prints a one-time code with which a new DICOM Server enrols."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.actors import SystemActor
from portal.institutions.models import Institution
from portal.servers.services import create_enrolment_code


class Command(BaseCommand):
    """`manage.py create_enrolment_code INSTITUTION NAME`."""

    help = "Print a code, valid once for 24 hours, with which a DICOM Server of an institution enrols."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the institution's code and what the server is to be called."""
        parser.add_argument("institution", help="code of the institution")
        parser.add_argument("name", help="what people call the server")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Make the code and print its text, which is kept nowhere."""
        institution = Institution.objects.filter(code=options["institution"]).first()
        if institution is None:
            raise CommandError(f"There is no institution {options['institution']!r}. Make it with create_institution.")
        _, text = create_enrolment_code(
            actor=SystemActor("create_enrolment_code"), institution=institution, server_name=options["name"]
        )
        self.stdout.write(text)
