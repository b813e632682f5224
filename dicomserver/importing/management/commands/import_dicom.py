"""Imports files, folders, ZIP archives and media."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.importing.results import FileOutcome, FileResult
from dicomserver.importing.services import Importer
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.errors import IngestUnavailable


class Command(BaseCommand):
    """python -m dicomserver import_dicom PATH."""

    help = (
        "Take in DICOM files, folders, ZIP archives and media with a DICOMDIR; what is stored already stays as it is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The paths."""
        parser.add_argument(
            "paths",
            nargs="+",
            type=Path,
            metavar="PATH",
            help="A file, a folder with all below it, a ZIP, or a DICOMDIR with all that it names.",
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Import each file, say what was not taken, count the rest."""
        archive = configured_archive()
        archive.prepare()
        counts: Counter[str] = Counter()
        importer = Importer(archive)
        last = ""
        try:
            for path in options["paths"]:
                last = str(path)
                for result in importer.path(path):
                    last = result.name
                    counts[result.outcome] += 1
                    self._say(result)
        except IngestUnavailable as error:
            raise CommandError(f"{last}: {error} Run the command again; what was stored stays stored.") from error
        finally:
            archive.close_intake()
        self.stdout.write(", ".join(f"{name}: {count}" for name, count in sorted(counts.items())) or "no files")

    def _say(self, result: FileResult) -> None:
        if result.outcome is FileOutcome.REFUSED:
            self.stderr.write(f"{result.name}: refused ({result.reason}): {result.explanation}")
        elif result.outcome in {FileOutcome.UNREADABLE, FileOutcome.MISSING, FileOutcome.NOT_DICOM}:
            self.stderr.write(f"{result.name}: {result.explanation}")
