"""Brings deleted instances back while their bytes are there: they come in as anything else does."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from dicomserver.archive import Archive
from dicomserver.deleting.models import Deletion
from dicomserver.deleting.services import deleted_files
from dicomserver.importing.files import import_stream
from dicomserver.ingest.outcomes import Outcome


@dataclass(slots=True)
class Restored:
    """How many instances are here again, and how many could not be because other bytes have their UIDs now."""

    instances: int = 0
    conflicts: int = 0


def deletions_of(uid: str) -> QuerySet[Deletion]:
    """The deletions with bytes that named the study, series or instance, or a part of the study."""
    named = Q(study_instance_uid=uid) | Q(series_instance_uid=uid) | Q(sop_instance_uid=uid)
    return Deletion.objects.filter(named, purged_at__isnull=True).order_by("pk")


def restore_deleted(uid: str, *, archive: Archive) -> Restored:
    """Take in again what the deletions of `uid` moved; harmless to repeat.

    Raises ingest.errors.IngestUnavailable, InstanceRefused, OSError and django.db.Error; what was restored by then is.
    """
    files, restored = deleted_files(archive), Restored()
    for deletion in deletions_of(uid):
        folder = str(deletion.folder)
        for path in list(files.paths(folder)):
            source = files.path_of(folder, path)
            with source.open("rb") as file:
                outcome = import_stream(file, archive).outcome
            if outcome is Outcome.CONFLICT:
                restored.conflicts += 1
            else:
                restored.instances += 1
            source.unlink()
        files.purge(folder)
        now = timezone.now()
        Deletion.objects.filter(pk=deletion.pk).update(restored_at=now, purged_at=now)
    return restored
