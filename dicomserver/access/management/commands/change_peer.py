"""Changes what is known of a machine, or what it may do."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.access.peer_arguments import add_peer_arguments, peer_values
from dicomserver.access.peers import REFRESH_SECONDS, PeerError, change_peer


class Command(BaseCommand):
    """python -m dicomserver change_peer NAME."""

    help = "Change what is said of a peer, and leave the rest as it is. --http gives it a new token."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The machine."""
        add_peer_arguments(parser)
        parser.add_argument("--http", action="store_true", default=None, help="make a new token, and refuse the old")
        parser.add_argument("--no-http", action="store_false", dest="http", help="refuse its token")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Print the new token alone, if there is one."""
        try:
            changed = change_peer(options["name"], has_token=options["http"], **peer_values(options))
        except PeerError as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"In force within {REFRESH_SECONDS:.0f} seconds.")
        if changed.token is not None:
            self.stdout.write(changed.token)
