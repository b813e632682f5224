"""Makes a machine known to the server, with what it may do."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.access.models import Service
from dicomserver.access.peer_arguments import add_peer_arguments, peer_values
from dicomserver.access.peers import PeerError, add_peer


class Command(BaseCommand):
    """python -m dicomserver add_peer NAME."""

    help = (
        "Make a machine known: as whom and from where it comes, what it may do (only to store, unless --services says "
        "otherwise), where it listens. With --http it gets a token for DICOMweb, printed once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The machine."""
        add_peer_arguments(parser)
        parser.add_argument("--http", action="store_true", help="make a token with which it may come by DICOMweb")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Print the token alone, if there is one, so that a script can take it."""
        try:
            values = {"services": [Service.STORE]} | peer_values(options)
            added = add_peer(options["name"], has_token=options["http"], **values)
        except PeerError as error:
            raise CommandError(str(error)) from error
        if added.token is not None:
            self.stderr.write("It must send the header `Authorization: Bearer TOKEN`, with this token:")
            self.stdout.write(added.token)
