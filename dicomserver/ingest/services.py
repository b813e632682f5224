"""The one way in: a received file becomes a durable file, rows of the index and a report to the portal."""

import logging
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from dicomserver.archive import (
    Archive,
    ArchiveError,
    FileMeta,
    IncomingFile,
    conflict_name,
    instance_path,
    quarantine_name,
)
from dicomserver.index.models import Conflict, Instance, InstanceMetadata, QuarantinedFile
from dicomserver.index.selectors import instance_by_uid
from dicomserver.index.services import NewInstance, claim_instance, count_instance, lock_study
from dicomserver.ingest.digests import data_set_sha256_of
from dicomserver.ingest.errors import IngestUnavailable, InstanceRefused, Reason
from dicomserver.ingest.header import InstanceHeader, PreparedMetadata, read_header, read_metadata
from dicomserver.ingest.outcomes import Ingested, Outcome, Source
from dicomserver.outbox.services import request_study_report

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the archive as the index describes it; the names are the fields of `index.models.Instance`."""

    relative_path: str
    transfer_syntax_uid: str
    file_bytes: int
    data_set_offset: int
    data_set_sha256: str
    header_sha256: str


class _TakenMeanwhile(Exception):
    """Another transaction stored the SOP Instance UID first: roll back and look again."""


def ingest_instance(*, incoming: IncomingFile, source: Source, archive: Archive) -> Ingested:
    """Take in a file that was received in full; when this returns, it is durable and committed.

    The file is consumed, whatever happens. Raises InstanceRefused (set aside in quarantine) where the data set is the
    reason, IngestUnavailable where room or the database is: then nothing is kept, and the sender must try again.
    """
    try:
        return _ingest(incoming, source, archive)
    except ArchiveError as error:
        raise IngestUnavailable(str(error)) from error
    except (OperationalError, InterfaceError) as error:
        # The database's own message may quote values of the row.
        raise IngestUnavailable("The database cannot be used now.") from error
    finally:
        incoming.discard()


def set_aside(*, incoming: IncomingFile, reason: Reason, source: Source, archive: Archive) -> None:
    """Keep a refused file in quarantine with the reason. Raises ArchiveError and django.db.OperationalError."""
    with transaction.atomic():
        row = _quarantine_row(reason, incoming.file_bytes, source)
        archive.set_aside(incoming, row.relative_path)


def _ingest(incoming: IncomingFile, source: Source, archive: Archive) -> Ingested:
    incoming.flush()
    try:
        header = read_header(
            incoming.descriptor,
            incoming.data_set_offset,
            incoming.meta.transfer_syntax_uid,
            scratch=archive.incoming,
            national_id_issuers=settings.NATIONAL_ID_ISSUERS,
        )
        metadata = read_metadata(
            incoming.descriptor, incoming.data_set_offset, incoming.meta.transfer_syntax_uid, scratch=archive.incoming
        )
        _check_announced(header, incoming.meta)
    except InstanceRefused as refusal:
        set_aside(incoming=incoming, reason=refusal.reason, source=source, archive=archive)
        raise
    incoming.seal()
    return Ingested(
        outcome=_put_away(header, metadata, incoming, source, archive),
        sop_class_uid=header.sop_class_uid,
        sop_instance_uid=header.sop_instance_uid,
        study_instance_uid=header.study_instance_uid,
        series_instance_uid=header.series_instance_uid,
    )


def _check_announced(header: InstanceHeader, meta: FileMeta) -> None:
    """The data set must be what the sender announced: the file's head already says so."""
    if meta.sop_class_uid != header.sop_class_uid:
        raise InstanceRefused(Reason.OTHER_SOP_CLASS, "The data set is of another SOP Class than announced.")
    if meta.sop_instance_uid != header.sop_instance_uid:
        raise InstanceRefused(Reason.OTHER_SOP_INSTANCE, "The data set is another SOP Instance than announced.")


def _put_away(
    header: InstanceHeader, metadata: PreparedMetadata, incoming: IncomingFile, source: Source, archive: Archive
) -> Outcome:
    while True:
        existing = instance_by_uid(header.sop_instance_uid)
        if existing is not None:
            return _compare(existing, header, metadata, incoming, source, archive)
        try:
            _store(header, metadata, incoming, source, archive)
        except _TakenMeanwhile:
            continue
        return Outcome.STORED


def _store(
    header: InstanceHeader, metadata: PreparedMetadata, incoming: IncomingFile, source: Source, archive: Archive
) -> None:
    with transaction.atomic():
        study = lock_study(header.study_instance_uid, source.received_at, header.study)
        path = instance_path(
            study.first_received_at.date(),
            header.study_instance_uid,
            header.series_instance_uid,
            header.sop_instance_uid,
        )
        instance = claim_instance(study, new_instance(header, metadata, stored_file(incoming, path), source))
        if instance is None:
            raise _TakenMeanwhile
        count_instance(study, instance, header.study)
        request_study_report(study.pk)
        # Last, so that whatever fails before it leaves no file; after it, only the commit can fail.
        try:
            archive.store(incoming, path)
        except FileExistsError:
            _settle_unindexed(path, incoming, source, archive)


def stored_file(incoming: IncomingFile, relative_path: str) -> StoredFile:
    """What the index says of a received file that is about to lie at the path."""
    return StoredFile(
        relative_path=relative_path,
        transfer_syntax_uid=incoming.meta.transfer_syntax_uid,
        file_bytes=incoming.file_bytes,
        data_set_offset=incoming.data_set_offset,
        data_set_sha256=incoming.data_set_sha256,
        header_sha256=incoming.header_sha256,
    )


def new_instance(header: InstanceHeader, metadata: PreparedMetadata, file: StoredFile, source: Source) -> NewInstance:
    """The index's rows of an instance."""
    values: dict[str, Any] = {
        "sop_instance_uid": header.sop_instance_uid,
        "sop_class_uid": header.sop_class_uid,
        "instance_number": header.instance_number,
        **asdict(file),
        "rows": header.pixels.rows,
        "columns": header.pixels.columns,
        "number_of_frames": header.pixels.number_of_frames,
        "frame_table": header.pixels.frame_table.to_json() if header.pixels.frame_table else None,
        "received_at": source.received_at,
        "calling_ae_title": source.calling_ae_title,
        "called_ae_title": source.called_ae_title,
        "origin": source.origin,
    }
    return NewInstance(header.series_instance_uid, header.series, values, metadata.dicom_json, metadata.bulk_data)


def _compare(
    existing: Instance,
    header: InstanceHeader,
    metadata: PreparedMetadata,
    incoming: IncomingFile,
    source: Source,
    archive: Archive,
) -> Outcome:
    same_bytes = existing.data_set_sha256 == incoming.data_set_sha256
    if not same_bytes or existing.transfer_syntax_uid != incoming.meta.transfer_syntax_uid:
        _keep_conflict(existing, header, incoming, source, archive)
        return Outcome.CONFLICT
    if not archive.path_of(existing.relative_path).exists():
        _restore(existing, header, metadata, incoming, archive)
    return Outcome.ALREADY_STORED


def _keep_conflict(
    existing: Instance, header: InstanceHeader, incoming: IncomingFile, source: Source, archive: Archive
) -> None:
    path = conflict_name(header.sop_instance_uid, incoming.data_set_sha256)
    with transaction.atomic():
        _, is_new = Conflict.objects.get_or_create(
            instance=existing,
            data_set_sha256=incoming.data_set_sha256,
            defaults={
                "study_instance_uid": header.study_instance_uid,
                "series_instance_uid": header.series_instance_uid,
                "relative_path": path,
                "file_bytes": incoming.file_bytes,
                "transfer_syntax_uid": incoming.meta.transfer_syntax_uid,
                "received_at": source.received_at,
                "calling_ae_title": source.calling_ae_title,
                "origin": source.origin,
            },
        )
        if is_new:
            _place_conflict(incoming, path, archive)
    if is_new:
        logger.warning(
            "Another instance came under a SOP Instance UID that is stored; both are kept",
            extra={"sop_instance_uid": header.sop_instance_uid, "calling_ae_title": source.calling_ae_title},
        )


def _place_conflict(incoming: IncomingFile, path: str, archive: Archive) -> None:
    try:
        archive.set_aside(incoming, path)
    except FileExistsError:
        # An earlier try placed it and could not commit; the name is the digest, so it is the same file.
        return


def _restore(
    existing: Instance, header: InstanceHeader, metadata: PreparedMetadata, incoming: IncomingFile, archive: Archive
) -> None:
    """The file of an indexed instance is missing, and the same bytes came again: put them back.

    The new file's head may have another length, so everything that counts from the file's start is written anew.
    """
    table = header.pixels.frame_table
    with transaction.atomic():
        Instance.objects.filter(pk=existing.pk).update(
            data_set_offset=incoming.data_set_offset,
            file_bytes=incoming.file_bytes,
            header_sha256=incoming.header_sha256,
            frame_table=table.to_json() if table else None,
        )
        InstanceMetadata.objects.filter(pk=existing.pk).update(bulk_data=metadata.bulk_data)
        archive.store(incoming, existing.relative_path)
    logger.error(
        "The file of a stored instance was missing; the same bytes were sent again and restored it",
        extra={"sop_instance_uid": existing.sop_instance_uid},
    )


def _settle_unindexed(path: str, incoming: IncomingFile, source: Source, archive: Archive) -> None:
    """A file that the index does not know lies where the newcomer belongs: a crash, or a lost database, left it."""
    if data_set_sha256_of(archive.path_of(path)) == incoming.data_set_sha256:
        archive.replace(incoming, path)
        return
    row = _quarantine_row(Reason.NOT_INDEXED, archive.path_of(path).stat().st_size, source)
    archive.set_aside_stored(path, row.relative_path)
    archive.store(incoming, path)


def _quarantine_row(reason: Reason, file_bytes: int, source: Source) -> QuarantinedFile:
    return QuarantinedFile.objects.create(
        relative_path=quarantine_name(source.received_at.date()),
        reason=reason,
        file_bytes=file_bytes,
        received_at=source.received_at,
        calling_ae_title=source.calling_ae_title,
        remote_address=source.remote_address,
        origin=source.origin,
    )
