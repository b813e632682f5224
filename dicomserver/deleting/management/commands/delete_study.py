"""Deletes a study, or a series or instance of it, by hand."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.archive import ArchiveError
from dicomserver.deleting.services import Deleter, Named, NothingDeleted, delete_instances
from dicomserver.ingest.archives import configured_archive
from wire.uids import InvalidUid, parse_uid


class Command(BaseCommand):
    """python -m dicomserver delete_study UID --reason TEXT."""

    help = "Delete a study; its bytes are kept for DELETED_KEEP_DAYS, for restore_deleted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, and why."""
        parser.add_argument("study_instance_uid", metavar="UID")
        parser.add_argument("--series", metavar="UID", help="Delete this series of the study alone.")
        parser.add_argument("--instance", metavar="UID", help="Delete this instance of the series alone.")
        parser.add_argument("--reason", required=True, help="Why; it is told to the portal's audit.")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Delete, and say how much."""
        if options["instance"] and not options["series"]:
            raise CommandError("Name the series of the instance too.")
        try:
            uids = [parse_uid(options[name]) if options[name] else None for name in ("series", "instance")]
            named = Named(parse_uid(options["study_instance_uid"]), *uids)
            by = Deleter(name=f"{getpass.getuser()} at the server", way="command")
            deletion = delete_instances(named, by=by, reason=options["reason"], archive=configured_archive())
        except InvalidUid as error:
            raise CommandError(str(error)) from error
        except NothingDeleted as error:
            raise CommandError("This server does not hold it.") from error
        except ArchiveError as error:
            raise CommandError(f"Nothing was deleted. {error}") from error
        self.stdout.write(f"{deletion.instances} instances deleted; restore_deleted brings them back.")
