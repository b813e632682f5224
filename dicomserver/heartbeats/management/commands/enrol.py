"""`enrol`: makes this server a member of the network with a one-time code from the portal's administrator."""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dicomserver import __version__
from dicomserver.identity import Endpoint, EnrolmentFailed, enrol


class Command(BaseCommand):
    """Enrol this DICOM Server with a portal."""

    help = "Enrols this DICOM Server with a portal: makes its key and receives its place in the network."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Portal and code."""
        parser.add_argument("--portal", required=True, metavar="URL", help="Address of the portal.")
        parser.add_argument("--code", required=True, metavar="ONE-TIME-CODE", help="From the portal's administrator.")
        parser.add_argument(
            "--dicom-host",
            metavar="HOST",
            default="",
            help="Name under which others reach this server by DICOM; as in DICOMWEB_PUBLIC_URL where not given.",
        )
        parser.add_argument(
            "--force", action="store_true", help="Replace the identity of a server that is enrolled already."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Enrol, or say in one sentence why not."""
        endpoint = Endpoint(
            ae_title=settings.DICOM_AE_TITLE,
            dicomweb_url=settings.DICOMWEB_PUBLIC_URL,
            dicom_host=options["dicom_host"] or urlsplit(settings.DICOMWEB_PUBLIC_URL).hostname or settings.DICOM_HOST,
            dicom_port=settings.DICOM_PORT,
            version=__version__,
        )
        try:
            identity = enrol(
                home=settings.DICOM_SERVER_HOME,
                portal_url=options["portal"],
                code=options["code"],
                endpoint=endpoint,
                force=options["force"],
            )
        except EnrolmentFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Enrolled as {identity.server_id}, DICOM Server of {identity.institution_name} "
            f"({identity.institution_code}), with {identity.portal_url}."
        )
