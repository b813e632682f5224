"""`export_study`: gives a study away as a folder or a ZIP with a DICOMDIR."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.exporting.services import ExportRefused, export_study
from dicomserver.ingest.archives import configured_archive
from wire.uids import InvalidUid, parse_uid


class Command(BaseCommand):
    """python -m dicomserver export_study UID TARGET."""

    help = "Write a study into a new folder, or a ZIP where TARGET ends in .zip, with a DICOMDIR."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which study, and where to."""
        parser.add_argument("study_instance_uid", metavar="UID", help="The Study Instance UID.")
        parser.add_argument("target", type=Path, metavar="TARGET", help="A folder or .zip that is not there yet.")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Export, and say how many files were written."""
        try:
            uid = parse_uid(options["study_instance_uid"])
            count = export_study(uid, options["target"], configured_archive())
        except (InvalidUid, ExportRefused) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"Nothing was exported: {error.strerror or error}.") from error
        self.stdout.write(f"{options['target']}: {count} files")
