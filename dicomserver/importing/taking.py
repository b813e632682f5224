"""Imports what was uploaded in full: each upload once, by one process at a time, and again where that one died."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, Final

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from dicomserver.access.reads import Reader
from dicomserver.access.services import record_storing
from dicomserver.archive import Archive
from dicomserver.importing.files import head_of
from dicomserver.importing.kinds import kind_of
from dicomserver.importing.models import Upload, UploadedFile
from dicomserver.importing.results import FileOutcome, FileResult, shown_name
from dicomserver.importing.selectors import due_uploads
from dicomserver.importing.services import Importer
from dicomserver.importing.uploads import UploadBusy, held, path_of
from dicomserver.importing.wishes import WishRefused, wish_of
from dicomserver.importing.wrapping.services import wrap_file
from dicomserver.index.models import Origin
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.errors import IngestUnavailable
from dicomserver.ingest.outcomes import Source

logger = logging.getLogger(__name__)

# As the audit calls it (wire.events).
WAY: Final = "upload"
BROKEN: Final = "Something broke on our side while this file was taken in. Send it again, or tell your administrator."
_STEP: Final = 1024 * 1024
_ROWS_AT_ONCE: Final = 500


def import_due_uploads() -> int:
    """Import what waits; returns how many uploads were. What cannot be imported now is tried again."""
    imported = 0
    due = due_uploads()
    if not due:
        return 0
    archive = configured_archive()
    archive.prepare()
    try:
        for upload in due:
            try:
                imported += import_upload(upload, archive)
            except IngestUnavailable as error:
                Upload.objects.filter(pk=upload.pk).update(trouble=str(error))
                logger.warning("An upload waits", extra={"upload": str(upload.pk), "reason": str(error)})
            except (OperationalError, InterfaceError):
                raise
            except Exception:
                # One file that nobody thought of must not hold up all that come after it.
                logger.exception("An upload could not be imported", extra={"upload": str(upload.pk)})
                _note(upload, [FileResult(upload.name, FileOutcome.REFUSED, BROKEN, "internal")])
    finally:
        archive.close_intake()
    return imported


def import_upload(upload: Upload, archive: Archive) -> bool:
    """Import one upload and keep what became of its files; False where somebody else does. Raises IngestUnavailable."""
    try:
        with held(upload) as file:
            upload.refresh_from_db()
            if upload.imported_at is not None:
                return False
            results = list(_results(upload, file, archive))
            _note(upload, results)
            path_of(upload).unlink(missing_ok=True)
    except UploadBusy:
        return False
    except FileNotFoundError:
        # It is removed when its results are kept, and not before.
        upload.refresh_from_db()
        if upload.imported_at is not None:
            return False
        lost = FileResult(upload.name, FileOutcome.UNREADABLE, "The file is gone from this server. Send it again.")
        _note(upload, [lost])
    return True


def _results(upload: Upload, file: BinaryIO, archive: Archive) -> Iterator[FileResult]:
    name = shown_name(upload.name)
    if upload.sha256 and _digest(file) != upload.sha256:
        yield FileResult(name, FileOutcome.REFUSED, "The file was changed on its way. Send it again.", "digest")
        return
    source = Source(Origin.IMPORT, remote_address=upload.remote_address)
    if upload.wish is not None and kind_of(head_of(file)).can_be_wrapped:
        try:
            wish = wish_of(upload.wish, group=upload.batch)
        except WishRefused as refusal:
            yield FileResult(name, FileOutcome.REFUSED, str(refusal), "wish")
            return
        yield wrap_file(file, name, wish, archive, source)
        return
    yield from Importer(archive, source).stream(file, name)


@transaction.atomic
def _note(upload: Upload, results: list[FileResult]) -> None:
    """Keep the results, and tell the audit who brought what; an import that was cut short begins anew."""
    upload.files.all().delete()
    rows = [
        UploadedFile(
            upload=upload,
            name=result.name,
            outcome=str(result.outcome),
            reason=result.reason,
            explanation=result.explanation,
            study_instance_uid=result.study_instance_uid,
            sop_instance_uid=result.sop_instance_uid,
        )
        for result in results
    ]
    UploadedFile.objects.bulk_create(rows, _ROWS_AT_ONCE)
    upload.imported_at, upload.trouble = timezone.now(), ""
    upload.save(update_fields=["imported_at", "trouble"])
    stored = Counter(one.study_instance_uid for one in results if one.outcome is FileOutcome.STORED)
    for study_instance_uid, instances in stored.items():
        record_storing(
            reader=Reader(
                session_id=upload.session_id,
                sub=upload.sub,
                study_instance_uid=study_instance_uid,
                token_id=upload.token_id,
                remote_address=upload.remote_address,
            ),
            way=WAY,
            instances=instances,
            stored_bytes=upload.length,
        )
    logger.info(
        "An upload was imported", extra={"upload": str(upload.pk), "files": len(rows), "stored": stored.total()}
    )


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(_STEP):
        digest.update(piece)
    return digest.hexdigest()
