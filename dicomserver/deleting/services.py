"""Deletes from index and archive in one step that can be undone, and tells the portal."""

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from dicomserver.archive import Archive
from dicomserver.archive.deleted import DeletedFiles
from dicomserver.deleting.models import Deletion
from dicomserver.deleting.signals import instances_deleted
from dicomserver.identity import IdentityError, load_identity
from dicomserver.index.models import Instance, Series, Study
from dicomserver.index.services import next_revision
from dicomserver.ingest.quarantine import free_conflicts
from dicomserver.outbox.reports import build_study_report
from dicomserver.outbox.services import enqueue_access_event, enqueue_study_removal, request_study_report
from wire.events import AccessEvent
from wire.text import SHORT_LENGTH, TEXT_LENGTH, clean

logger = logging.getLogger(__name__)

# A folder without a record in the database: a deletion that is going on, or one that a crash cut short.
UNSETTLED_SECONDS: Final = 600


class NothingDeleted(Exception):
    """What was named is not here."""


class Named(NamedTuple):
    """A study, or one series or instance of it."""

    study_instance_uid: str
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Deleter:
    """Who deletes: a machine or an operator by name, or a person by the subject, session and ID of their token."""

    name: str
    sub: str | None = None
    session_id: str | None = None
    token_id: str | None = None
    remote_address: str = ""
    way: str = "dicomweb"


@dataclass(slots=True)
class _Taken:
    """What leaves the index."""

    series: list[Series] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)


def deleted_files(archive: Archive) -> DeletedFiles:
    """The deleted files of the archive's server."""
    return DeletedFiles(archive.root.parent, archive.root)


def delete_instances(named: Named, *, by: Deleter, reason: str, archive: Archive) -> Deletion:
    """Take what is named out of the index, and its files out of the archive.

    Raises NothingDeleted, ArchiveError and django.db.Error, and then everything is as it was.
    """
    files = deleted_files(archive)
    moved: list[str] = []
    folder = ""
    try:
        with transaction.atomic():
            study, taken = _locked(named)
            deletion = _recorded(named, taken, by, reason)
            folder = str(deletion.folder)
            _take_out(study, taken)
            _tell_portal(study, deletion, by)
            # Last: behind it nothing but the commit can fail.
            paths = [instance.relative_path for instance in taken.instances]
            files.take(paths, folder, _record(deletion))
            moved = paths
    except BaseException:
        if moved:
            files.put_back(moved, folder)
        if folder:
            files.purge(folder)
        raise
    logger.warning(
        "Deleted %d instances",
        deletion.instances,
        extra={"study_instance_uid": named.study_instance_uid, "deleted_by": by.name, "folder": folder},
    )
    instances_deleted.send(sender=None, deletion=deletion, series=taken.series, instances=taken.instances)
    return deletion


def kept_until(deletion: Deletion) -> datetime:
    """The earliest moment (aware) at which the bytes of the deletion are removed for good."""
    return deletion.deleted_at + timedelta(days=settings.DELETED_KEEP_DAYS)


def purge_deleted(archive: Archive) -> int:
    """Remove the bytes of what was deleted DELETED_KEEP_DAYS ago; returns of how many. Raises ArchiveError."""
    files = deleted_files(archive)
    due = Deletion.objects.filter(
        purged_at__isnull=True, deleted_at__lte=timezone.now() - timedelta(days=settings.DELETED_KEEP_DAYS)
    )
    count = 0
    for deletion in due.order_by("pk"):
        files.purge(str(deletion.folder))
        Deletion.objects.filter(pk=deletion.pk).update(purged_at=timezone.now())
        count += 1
    return count


def settle_deletions(archive: Archive) -> int:
    """Put back what deletions took that were cut short before their commit; returns how many. Raises ArchiveError."""
    files = deleted_files(archive)
    count = 0
    for folder in files.folders():
        if _is_settled(folder, files):
            continue
        paths = list(files.paths(folder))
        known = set(Instance.objects.filter(relative_path__in=paths).values_list("relative_path", flat=True))
        files.put_back([path for path in paths if path in known], folder)
        if not list(files.paths(folder)):
            files.purge(folder)
        logger.warning("A deletion that was cut short was undone", extra={"folder": folder})
        count += 1
    return count


def _is_settled(folder: str, files: DeletedFiles) -> bool:
    """Whether the folder is that of a deletion, or of one that may still be going on."""
    try:
        is_known = Deletion.objects.filter(folder=UUID(folder)).exists()
        age = timezone.now().timestamp() - (files.root / folder).stat().st_mtime
    except (ValueError, OSError):
        return True
    return is_known or age < UNSETTLED_SECONDS


def _locked(named: Named) -> tuple[Study, _Taken]:
    """The study, locked against everything, and what of it is named. Raises NothingDeleted."""
    study = Study.objects.select_for_update().filter(study_instance_uid=named.study_instance_uid).first()
    if study is None:
        raise NothingDeleted
    found = Instance.objects.filter(series__study=study)
    if named.series_instance_uid is not None:
        found = found.filter(series__series_instance_uid=named.series_instance_uid)
    if named.sop_instance_uid is not None:
        found = found.filter(sop_instance_uid=named.sop_instance_uid)
    instances = list(found.order_by("pk").defer("frame_table"))
    if not instances:
        raise NothingDeleted
    series = Series.objects.filter(pk__in={instance.series_id for instance in instances})
    return study, _Taken(list(series.order_by("pk")), instances)


def _recorded(named: Named, taken: _Taken, by: Deleter, reason: str) -> Deletion:
    return Deletion.objects.create(
        folder=uuid4(),
        study_instance_uid=named.study_instance_uid,
        series_instance_uid=named.series_instance_uid or "",
        sop_instance_uid=named.sop_instance_uid or "",
        deleted_at=timezone.now(),
        deleted_by=clean(by.name, 200),
        reason=clean(reason, TEXT_LENGTH),
        remote_address=clean(by.remote_address, SHORT_LENGTH),
        instances=len(taken.instances),
        file_bytes=sum(instance.file_bytes for instance in taken.instances),
    )


def _take_out(study: Study, taken: _Taken) -> None:
    """Delete the rows; what stays of study and series counts what it has now."""
    pks = [instance.pk for instance in taken.instances]
    free_conflicts(pks)
    Instance.objects.filter(pk__in=pks).delete()
    revision = next_revision(study.revision)
    for series in taken.series:
        left = Instance.objects.filter(series=series)
        count = left.count()
        if not count:
            Series.objects.filter(pk=series.pk).delete()
            continue
        classes = left.order_by("sop_class_uid").values_list("sop_class_uid", flat=True).distinct()
        Series.objects.filter(pk=series.pk).update(
            number_of_instances=count, revision=max(revision, series.revision + 1), sop_class_uids=list(classes)
        )
    left_in_study = Instance.objects.filter(series__study=study)
    study.number_of_instances = left_in_study.count()
    study.stored_bytes = left_in_study.aggregate(total=Sum("file_bytes"))["total"] or 0
    study.revision = revision
    study.save(update_fields=["number_of_instances", "stored_bytes", "revision"])


def _tell_portal(study: Study, deletion: Deletion, by: Deleter) -> None:
    """The study as it is now, or that it is gone: then its row goes too. And who did it, for the audit."""
    try:
        server_id = load_identity(settings.DICOM_SERVER_HOME).server_id
    except IdentityError:
        server_id = None
    if study.number_of_instances:
        request_study_report(study.pk)
    else:
        if server_id is not None:
            enqueue_study_removal(build_study_report(study, server_id=server_id, message_id=uuid4()))
        study.delete()
    if server_id is not None:
        enqueue_access_event(_event(deletion, by, server_id))


def _event(deletion: Deletion, by: Deleter, server_id: UUID) -> AccessEvent:
    return AccessEvent(
        message_id=uuid4(),
        server_id=server_id,
        kind="instances_deleted",
        sub=by.sub,
        session_id=by.session_id,
        token_id=by.token_id,
        study_instance_uid=deletion.study_instance_uid,
        occurred_at=deletion.deleted_at,
        ended_at=None,
        instances=deletion.instances,
        frames=0,
        sent_bytes=deletion.file_bytes,
        remote_address=deletion.remote_address,
        reason=deletion.reason,
        peer=None if by.sub else clean(by.name, SHORT_LENGTH),
        way=by.way,
    )


def _record(deletion: Deletion) -> bytes:
    """What lies beside the files, for whoever has lost the database."""
    told: dict[str, Any] = {
        "study_instance_uid": deletion.study_instance_uid,
        "series_instance_uid": deletion.series_instance_uid,
        "sop_instance_uid": deletion.sop_instance_uid,
        "deleted_at": deletion.deleted_at.isoformat(),
        "deleted_by": deletion.deleted_by,
        "reason": deletion.reason,
        "instances": deletion.instances,
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode()
