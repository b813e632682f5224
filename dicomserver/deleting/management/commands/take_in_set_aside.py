"""Takes in files that were set aside, after somebody has decided that they belong here."""

import getpass
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from dicomserver.archive import ArchiveError
from dicomserver.deleting.services import Deleter
from dicomserver.deleting.set_aside import NothingSetAside, StillRefused, take_in
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.errors import IngestError
from dicomserver.ingest.outcomes import Outcome

_SAID: Final = {
    Outcome.STORED: "taken in.",
    Outcome.ALREADY_STORED: "was here already with the same bytes; it is no longer set aside.",
    Outcome.CONFLICT: "has the UID of a stored instance, and is now set aside as a conflict: look at list_set_aside.",
}


class Command(BaseCommand):
    """python -m dicomserver take_in_set_aside NAME … --reason TEXT."""

    help = (
        "Take in files that were set aside. A conflict (c…) comes in the place of the stored instance, which is "
        "deleted and kept for restore_deleted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, and why."""
        parser.add_argument("names", metavar="NAME", nargs="+", help="As list_set_aside says, such as q7 or c12.")
        parser.add_argument("--reason", required=True, help="Why; it is told to the portal's audit.")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Take in one after the other; what came in before a failure stays."""
        by = Deleter(name=f"{getpass.getuser()} at the server", way="command")
        archive = configured_archive()
        archive.prepare()
        try:
            for name in options["names"]:
                self.stdout.write(f"{name} {_SAID[take_in(name, by=by, reason=options['reason'], archive=archive)]}")
        except NothingSetAside as error:
            raise CommandError(str(error)) from error
        except StillRefused as error:
            raise CommandError(f"{name} cannot be taken in: {error}") from error
        except (IngestError, ArchiveError) as error:
            raise CommandError(f"{name} was not taken in. {error}") from error
        except OSError as error:
            raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
        finally:
            archive.close_intake()
