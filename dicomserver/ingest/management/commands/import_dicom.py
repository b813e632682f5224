"""Imports files and folders."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.archive.part10 import NotPart10
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.errors import IngestUnavailable, InstanceRefused
from dicomserver.ingest.importing import files_of, import_file


class Command(BaseCommand):
    """python -m dicomserver import_dicom PATH."""

    help = "Take in DICOM files and folders; what is stored already is left as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The paths."""
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="A file, or a folder with all below it."
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Import each file, say what was not taken, count the rest."""
        archive = configured_archive()
        archive.prepare()
        counts: Counter[str] = Counter()
        for path in (file for given in options["paths"] for file in files_of(given)):
            try:
                counts[import_file(path, archive).outcome] += 1
            except NotPart10:
                counts["not DICOM"] += 1
            except InstanceRefused as refusal:
                counts["refused"] += 1
                self.stderr.write(f"{path}: refused ({refusal.reason}): {refusal}")
            except OSError as error:
                counts["unreadable"] += 1
                self.stderr.write(f"{path}: cannot be read: {error.strerror}")
            except IngestUnavailable as error:
                raise CommandError(f"{path}: {error} Run the command again; what was stored stays stored.") from error
        self.stdout.write(", ".join(f"{name}: {count}" for name, count in sorted(counts.items())) or "no files")
