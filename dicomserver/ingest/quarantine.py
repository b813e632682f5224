"""Sets files aside that cannot be taken in: kept with the reason, seen in monitoring, never served."""

from collections.abc import Collection
from pathlib import Path

from django.db import transaction

from dicomserver.archive import Archive, IncomingFile, quarantine_name
from dicomserver.index.models import Conflict, QuarantinedFile
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


def free_conflicts(instance_pks: Collection[int]) -> None:
    """Let the conflicts of instances that are about to be deleted be files of their own, which stay set aside."""
    conflicts = Conflict.objects.filter(instance__in=instance_pks)
    QuarantinedFile.objects.bulk_create(
        QuarantinedFile(
            relative_path=one.relative_path,
            reason=Reason.CONFLICT,
            file_bytes=one.file_bytes,
            received_at=one.received_at,
            calling_ae_title=one.calling_ae_title,
            origin=one.origin,
        )
        for one in conflicts.order_by("pk")
    )
    conflicts.delete()


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
