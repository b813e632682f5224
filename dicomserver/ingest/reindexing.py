"""Rebuilds the index from the files of the archive, which are the truth."""

import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dicomserver.archive import Archive, conflict_name
from dicomserver.archive.part10 import NotPart10, read_file_head
from dicomserver.index.models import Conflict, Instance, Origin, Study
from dicomserver.index.selectors import instance_by_uid
from dicomserver.index.services import claim_instance, count_instance, lock_study
from dicomserver.ingest.digests import split_sha256_of
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.header import InstanceHeader, PreparedMetadata, read_header, read_metadata
from dicomserver.ingest.outcomes import Source
from dicomserver.ingest.services import StoredFile, new_instance
from dicomserver.outbox.services import request_study_report

logger = logging.getLogger(__name__)

# Files of one study that are put into the index in one transaction, during which its associations wait.
CHUNK: Final = 500


@dataclass(slots=True)
class Reindexed:
    """What was found, by relative path or count."""

    known: int = 0
    added: int = 0
    conflicts: int = 0
    unreadable: list[str] = field(default_factory=list)


def reindex_archive(archive: Archive) -> Reindexed:
    """Index every file that the index does not know; a study with new rows is reported once a chunk of files."""
    result = Reindexed()
    for _, paths in itertools.groupby(archive.stored_files(), key=lambda path: PurePosixPath(path).parent.parent):
        for chunk in _chunks(paths):
            _reindex_files(chunk, archive, result)
    return result


def _chunks(paths: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(itertools.islice(paths, CHUNK)):
        yield chunk


def _reindex_files(paths: list[str], archive: Archive, result: Reindexed) -> None:
    by_uid = {PurePosixPath(path).stem: path for path in paths}
    known = Instance.objects.filter(sop_instance_uid__in=by_uid).values_list("sop_instance_uid", "relative_path")
    unknown = sorted(set(paths) - {path for _, path in known})
    result.known += len(paths) - len(unknown)
    with transaction.atomic():
        studies: dict[int, Study] = {}
        for path in unknown:
            try:
                file, header, metadata, source = _read(path, archive)
            except (NotPart10, InstanceRefused, OSError) as error:
                logger.error("A file of the archive cannot be indexed: %s", error, extra={"relative_path": path})
                result.unreadable.append(path)
                continue
            _index(file, header, metadata, source, archive, result, studies)
        for study in studies.values():
            _report(study)


def _read(path: str, archive: Archive) -> tuple[StoredFile, InstanceHeader, PreparedMetadata, Source]:
    absolute = archive.path_of(path)
    with absolute.open("rb") as file:
        head = read_file_head(file)
        place = (file.fileno(), head.data_set_offset, head.meta.transfer_syntax_uid)
        header = read_header(*place, scratch=archive.incoming, national_id_issuers=settings.NATIONAL_ID_ISSUERS)
        metadata = read_metadata(*place, scratch=archive.incoming)
    header_sha256, data_set_sha256 = split_sha256_of(absolute, head.data_set_offset)
    status = absolute.stat()
    stored = StoredFile(
        relative_path=path,
        transfer_syntax_uid=head.meta.transfer_syntax_uid,
        file_bytes=status.st_size,
        data_set_offset=head.data_set_offset,
        data_set_sha256=data_set_sha256,
        header_sha256=header_sha256,
    )
    # The file was written when the instance was received, and never since.
    received_at = datetime.fromtimestamp(status.st_mtime, UTC)
    meta = head.meta
    source = Source(Origin.REINDEX, meta.calling_ae_title, meta.called_ae_title, received_at=received_at)
    return stored, header, metadata, source


def _index(
    file: StoredFile,
    header: InstanceHeader,
    metadata: PreparedMetadata,
    source: Source,
    archive: Archive,
    result: Reindexed,
    studies: dict[int, Study],
) -> None:
    existing = instance_by_uid(header.sop_instance_uid)
    if existing is None:
        study = lock_study(header.study_instance_uid, source.received_at, header.study)
        study = studies.setdefault(study.pk, study)
        instance = claim_instance(study, new_instance(header, metadata, file, source))
        if instance is not None:
            count_instance(study, instance, header.study)
            result.added += 1
            return
        existing = Instance.objects.get(sop_instance_uid=header.sop_instance_uid)
    if existing.data_set_sha256 == file.data_set_sha256:
        result.known += 1
        return
    _keep_conflict(existing, file, header, source, archive)
    result.conflicts += 1


def _keep_conflict(
    existing: Instance, file: StoredFile, header: InstanceHeader, source: Source, archive: Archive
) -> None:
    path = conflict_name(header.sop_instance_uid, file.data_set_sha256)
    _, is_new = Conflict.objects.get_or_create(
        instance=existing,
        data_set_sha256=file.data_set_sha256,
        defaults={
            "study_instance_uid": header.study_instance_uid,
            "series_instance_uid": header.series_instance_uid,
            "relative_path": path,
            "file_bytes": file.file_bytes,
            "transfer_syntax_uid": file.transfer_syntax_uid,
            "received_at": source.received_at,
            "calling_ae_title": source.calling_ae_title,
            "origin": source.origin,
        },
    )
    if is_new and not archive.quarantine_path_of(path).exists():
        archive.set_aside_stored(file.relative_path, path)


def _report(study: Study) -> None:
    """One report of all that was found; it says complete at once where nothing has come for a while."""
    if not study.number_of_instances:
        # Another process was first with what would have been its only instance.
        study.delete()
        return
    now = timezone.now()
    if study.last_received_at <= now - timedelta(seconds=settings.STUDY_QUIET_SECONDS):
        study.completed_at = now
        study.save(update_fields=["completed_at"])
    request_study_report(study.pk)
