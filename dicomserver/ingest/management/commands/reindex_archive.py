"""Rebuilds the index from the archive."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.reindexing import reindex_archive


class Command(BaseCommand):
    """python -m dicomserver reindex_archive."""

    help = "Index every file of the archive that the index does not know. What it knows is left alone."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """Walk the archive once."""
        archive = configured_archive()
        archive.prepare()
        result = reindex_archive(archive)
        self.stdout.write(f"known: {result.known}, added: {result.added}, conflicts: {result.conflicts}")
        if result.unreadable:
            raise CommandError("Cannot be indexed:\n" + "\n".join(result.unreadable))
