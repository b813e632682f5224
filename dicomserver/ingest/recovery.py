"""Completes what a process accepted and could not commit before it died: its folder says all, nothing is scanned."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.conf import settings

from dicomserver.archive import Archive
from dicomserver.archive.content import OpenFile
from dicomserver.archive.part10 import FileHead, NotPart10, read_file_head
from dicomserver.index.models import Origin
from dicomserver.ingest.accepted import Accepted, FileFacts
from dicomserver.ingest.batches import commit_batch
from dicomserver.ingest.digests import split_sha256_of
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.header import read_header
from dicomserver.ingest.outcomes import Source
from dicomserver.ingest.quarantine import set_aside_file

logger = logging.getLogger(__name__)

CHUNK: Final = 200


def recover_left_over(archive: Archive) -> int:
    """Commit the instances that were accepted by processes which are no more; returns how many.

    What was never received in full was never acknowledged, and is removed. Raises ArchiveError, OSError and
    django.db.Error; what was not done by then stays for the next time.
    """
    recovered = 0
    with archive.left_over() as paths:
        for first in range(0, len(paths), CHUNK):
            accepted = [one for path in paths[first : first + CHUNK] if (one := _accepted(path, archive))]
            commit_batch(accepted, archive)
            recovered += len(accepted)
    if recovered:
        logger.warning("Completed instances that a process had accepted before it died", extra={"count": recovered})
    return recovered


def _accepted(path: Path, archive: Archive) -> Accepted | None:
    """The instance in a left-over file; None where it was not received in full, and is gone now."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        head = _whole(path, file.fileno())
        if head is None:
            path.unlink(missing_ok=True)
            return None
        try:
            header = read_header(
                OpenFile(file.fileno()),
                head[0].data_set_offset,
                head[0].meta.transfer_syntax_uid,
                scratch=archive.incoming,
                national_id_issuers=settings.NATIONAL_ID_ISSUERS,
            )
        except InstanceRefused as refusal:
            # Refused, and set aside unless the crash came first; or acknowledged by a version that understood it.
            if path.stat().st_nlink == 1:
                set_aside_file(path, head[1].file_bytes, refusal.reason, _source(path, head[0]), archive)
            path.unlink(missing_ok=True)
            return None
    return Accepted(path=path, file=head[1], header=header, source=_source(path, head[0]))


def _whole(path: Path, descriptor: int) -> tuple[FileHead, FileFacts] | None:
    with open(descriptor, "rb", closefd=False) as file:
        try:
            head = read_file_head(file)
        except NotPart10:
            return None
    size = path.stat().st_size
    receipt = head.receipt
    if receipt is None or size != head.data_set_offset + receipt.data_set_bytes:
        return None
    header_sha256, data_set_sha256 = split_sha256_of(path, head.data_set_offset)
    if data_set_sha256 != receipt.data_set_sha256.hex():
        return None
    return head, FileFacts(
        transfer_syntax_uid=head.meta.transfer_syntax_uid,
        file_bytes=size,
        data_set_offset=head.data_set_offset,
        data_set_sha256=data_set_sha256,
        header_sha256=header_sha256,
    )


def _source(path: Path, head: FileHead) -> Source:
    """Who sent it, as the file's head says; it was last written when it was received."""
    origin = head.meta.origin if head.meta.origin in Origin.values else Origin.C_STORE
    received_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Source(Origin(origin), head.meta.calling_ae_title, head.meta.called_ae_title, received_at=received_at)
