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
from dicomserver.archive.content import OpenFile
from dicomserver.archive.part10 import NotPart10, read_file_head
from dicomserver.index.models import Instance, Origin, Study
from dicomserver.index.selectors import instances_by_uid
from dicomserver.index.services import NewInstance, add_instances, lock_studies
from dicomserver.ingest.accepted import FileFacts, instance_values
from dicomserver.ingest.digests import split_sha256_of
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.header import InstanceHeader, read_header
from dicomserver.ingest.outcomes import Source
from dicomserver.ingest.settling import keep_conflict
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
    found: dict[str, _Found] = {}
    twice: list[_Found] = []
    for path in unknown:
        try:
            one = _read(path, archive)
        except (NotPart10, InstanceRefused, OSError) as error:
            logger.error("A file of the archive cannot be indexed: %s", error, extra={"relative_path": path})
            result.unreadable.append(path)
            continue
        if found.setdefault(one.header.sop_instance_uid, one) is not one:
            twice.append(one)
    with transaction.atomic():
        inserted = _index(list(found.values()))
        result.added += len(inserted)
        for one in [*(one for uid, one in found.items() if uid not in inserted), *twice]:
            _settle(one, archive, result)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file of the archive and what is in it."""

    path: str
    file: FileFacts
    header: InstanceHeader
    source: Source


def _read(path: str, archive: Archive) -> _Found:
    absolute = archive.path_of(path)
    with absolute.open("rb") as file:
        head = read_file_head(file)
        header = read_header(
            OpenFile(file.fileno()),
            head.data_set_offset,
            head.meta.transfer_syntax_uid,
            scratch=archive.incoming,
            national_id_issuers=settings.NATIONAL_ID_ISSUERS,
        )
    header_sha256, data_set_sha256 = split_sha256_of(absolute, head.data_set_offset)
    status = absolute.stat()
    facts = FileFacts(
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
    return _Found(path, facts, header, source)


def _index(found: list[_Found]) -> set[str]:
    """Insert the rows and request the reports of their studies; returns the UIDs that were new to the index."""
    known = instances_by_uid(one.header.sop_instance_uid for one in found)
    new = [one for one in found if one.header.sop_instance_uid not in known]
    if not new:
        return set()
    studies = lock_studies((one.header.study_instance_uid, one.header.study, one.source.received_at) for one in new)
    inserted = add_instances(studies, [_row(one) for one in new])
    for study in studies.values():
        _report(study)
    return inserted


def _row(one: _Found) -> NewInstance:
    header = one.header
    return NewInstance(
        study_instance_uid=header.study_instance_uid,
        study=header.study,
        series_instance_uid=header.series_instance_uid,
        series=header.series,
        instance=instance_values(header, one.file, one.source, one.path),
    )


def _settle(one: _Found, archive: Archive, result: Reindexed) -> None:
    """A file whose SOP Instance UID the index knows under another path: the same bytes, or a conflict."""
    existing = Instance.objects.get(sop_instance_uid=one.header.sop_instance_uid)
    if existing.data_set_sha256 == one.file.data_set_sha256:
        result.known += 1
        return
    keep_conflict(existing, one.file, one.header, one.source)
    path = conflict_name(one.header.sop_instance_uid, one.file.data_set_sha256)
    if not archive.quarantine_path_of(path).exists():
        archive.set_aside_stored(one.path, path)
    result.conflicts += 1


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
