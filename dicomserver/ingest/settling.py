"""What becomes of an instance whose SOP Instance UID, or whose place in the archive, is taken already."""

import logging

from django.db import transaction

from dicomserver.archive import Archive, conflict_name
from dicomserver.index.models import Conflict, Instance
from dicomserver.ingest.accepted import Accepted, FileFacts
from dicomserver.ingest.digests import data_set_sha256_of
from dicomserver.ingest.errors import Reason
from dicomserver.ingest.header import InstanceHeader
from dicomserver.ingest.outcomes import Outcome, Source
from dicomserver.ingest.quarantine import quarantine_row

logger = logging.getLogger(__name__)


def settle_known(existing: Instance, newcomer: Accepted, archive: Archive) -> Outcome:
    """The same bytes again are a success; other bytes are kept aside. Raises ArchiveError and django.db.Error."""
    file = newcomer.file
    same_bytes = existing.data_set_sha256 == file.data_set_sha256
    if not same_bytes or existing.transfer_syntax_uid != file.transfer_syntax_uid:
        with transaction.atomic():
            if keep_conflict(existing, file, newcomer.header, newcomer.source):
                _place_conflict(newcomer, archive)
        return Outcome.CONFLICT
    if not archive.path_of(existing.relative_path).exists():
        _restore(existing, newcomer, archive)
    return Outcome.ALREADY_STORED


def settle_unindexed(newcomer: Accepted, path: str, archive: Archive) -> None:
    """A file that the index does not know lies where the newcomer belongs: put it where it can do no harm.

    Called in the transaction that stores the newcomer. Raises ArchiveError and django.db.Error.
    """
    stored = archive.path_of(path)
    if data_set_sha256_of(stored) == newcomer.file.data_set_sha256:
        archive.replace(newcomer.path, path)
        return
    row = quarantine_row(Reason.NOT_INDEXED, stored.stat().st_size, newcomer.source)
    archive.set_aside_stored(path, row.relative_path)
    archive.store(newcomer.path, path)


def keep_conflict(existing: Instance, file: FileFacts, header: InstanceHeader, source: Source) -> bool:
    """Note the newcomer's bytes as a conflict of the stored instance; whether they were not noted before."""
    _, is_new = Conflict.objects.get_or_create(
        instance=existing,
        data_set_sha256=file.data_set_sha256,
        defaults={
            "study_instance_uid": header.study_instance_uid,
            "series_instance_uid": header.series_instance_uid,
            "relative_path": conflict_name(header.sop_instance_uid, file.data_set_sha256),
            "file_bytes": file.file_bytes,
            "transfer_syntax_uid": file.transfer_syntax_uid,
            "received_at": source.received_at,
            "calling_ae_title": source.calling_ae_title,
            "origin": source.origin,
        },
    )
    if is_new:
        logger.warning(
            "Another instance came under a SOP Instance UID that is stored; both are kept",
            extra={"sop_instance_uid": header.sop_instance_uid, "calling_ae_title": source.calling_ae_title},
        )
    return is_new


def _place_conflict(newcomer: Accepted, archive: Archive) -> None:
    path = conflict_name(newcomer.header.sop_instance_uid, newcomer.file.data_set_sha256)
    try:
        archive.set_aside(newcomer.path, path)
    except FileExistsError:
        # An earlier try placed it and could not commit; the name is the digest, so it is the same file.
        return


def _restore(existing: Instance, newcomer: Accepted, archive: Archive) -> None:
    """The file of an indexed instance is missing, and the same bytes came again: put them back.

    The new file's head may have another length, so everything that counts from the file's start is written anew.
    """
    table = newcomer.header.pixels.frame_table
    with transaction.atomic():
        Instance.objects.filter(pk=existing.pk).update(
            data_set_offset=newcomer.file.data_set_offset,
            file_bytes=newcomer.file.file_bytes,
            header_sha256=newcomer.file.header_sha256,
            frame_table=table.to_json() if table else None,
        )
        archive.store(newcomer.path, existing.relative_path)
    logger.error(
        "The file of a stored instance was missing; the same bytes were sent again and restored it",
        extra={"sop_instance_uid": existing.sop_instance_uid},
    )
