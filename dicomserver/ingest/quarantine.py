"""Sets files aside that cannot be taken in: kept with the reason, seen in monitoring, never served."""

from pathlib import Path

from django.db import transaction

from dicomserver.archive import Archive, IncomingFile, quarantine_name
from dicomserver.index.models import QuarantinedFile
from dicomserver.ingest.errors import Reason
from dicomserver.ingest.outcomes import Source


def set_aside(*, incoming: IncomingFile, reason: Reason, source: Source, archive: Archive) -> None:
    """Keep a refused file in quarantine. Raises ArchiveError and django.db.Error."""
    incoming.seal()
    set_aside_file(incoming.path, incoming.size, reason, source, archive)


def set_aside_file(path: Path, file_bytes: int, reason: Reason, source: Source, archive: Archive) -> None:
    """Keep a durable file in quarantine; its present name stays. Raises ArchiveError and django.db.Error."""
    with transaction.atomic():
        row = quarantine_row(reason, file_bytes, source)
        archive.set_aside(path, row.relative_path)


def quarantine_row(reason: Reason, file_bytes: int, source: Source) -> QuarantinedFile:
    """The row of a file about to be set aside, under a name of its own."""
    return QuarantinedFile.objects.create(
        relative_path=quarantine_name(source.received_at.date()),
        reason=reason,
        file_bytes=file_bytes,
        received_at=source.received_at,
        calling_ae_title=source.calling_ae_title,
        remote_address=source.remote_address,
        origin=source.origin,
    )
