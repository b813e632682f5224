"""Brings back what was deleted, while its bytes are kept."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.deleting.restoring import deletions_of, restore_deleted
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.errors import IngestError


class Command(BaseCommand):
    """python -m dicomserver restore_deleted UID."""

    help = "Bring back a deleted study, series or instance."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What."""
        parser.add_argument("uid", metavar="UID", help="Of the study, series or instance that was deleted.")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Restore, and say how much."""
        uid = options["uid"]
        if not deletions_of(uid).exists():
            raise CommandError("Nothing of it was deleted, or its bytes are gone for good.")
        archive = configured_archive()
        archive.prepare()
        try:
            restored = restore_deleted(uid, archive=archive)
        except (IngestError, OSError) as error:
            raise CommandError(f"{error} Run the command again; what was restored stays.") from error
        finally:
            archive.close_intake()
        self.stdout.write(f"{restored.instances} instances restored.")
        if restored.conflicts:
            self.stderr.write(f"{restored.conflicts} are kept aside: other bytes came under their UIDs since.")
