"""Uploads in pieces: begun within bounds, appended durably, given up or forgotten; each is one file in `uploads/`."""

import contextlib
import fcntl
import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from django.conf import settings
from django.db.models import F, Sum
from django.utils import timezone

from dicomserver.archive import Archive
from dicomserver.archive.durable import archive_errors, make_directories
from dicomserver.importing.models import Upload

logger = logging.getLogger(__name__)

SPACE_CHECK_BYTES: Final = 16 * 1024**2
# Results are shown for so long; names of files may be patients'.
RESULTS_KEPT: Final = timedelta(days=7)
# A file without a row is of an upload that was being begun when its process died.
_ORPHAN_SECONDS: Final = 3600


class UploadRefused(Exception):
    """The upload cannot be begun or go on; `status` is that of HTTP, the message a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class UploadBusy(Exception):
    """Another request or the import has the upload in hand."""


def uploads_folder() -> Path:
    """Where what is being sent lies: beside the archive, on its file system."""
    return Path(settings.DICOM_SERVER_HOME) / "uploads"


def begin_upload(*, archive: Archive, sub: str, length: int, **values: Any) -> Upload:
    """A new upload of `length` bytes. Raises UploadRefused and ArchiveError."""
    if length > settings.UPLOAD_MAXIMUM_BYTES:
        raise UploadRefused(413, f"A file may have {settings.UPLOAD_MAXIMUM_BYTES} bytes at most.")
    unfinished = Upload.objects.filter(finished_at__isnull=True)
    if unfinished.filter(sub=sub).count() >= settings.UPLOADS_A_PERSON:
        raise UploadRefused(429, "Too many of your files are on their way. Finish or give up some of them first.")
    # What others have announced needs its room too.
    waiting = unfinished.aggregate(rest=Sum(F("length") - F("received_bytes")))["rest"] or 0
    archive.require_space(length + waiting)
    upload = Upload(sub=sub, length=length, **values)
    with archive_errors("create a file"):
        make_directories(uploads_folder(), Path(settings.DICOM_SERVER_HOME))
        path_of(upload).touch(mode=0o640, exist_ok=False)
    upload.save(force_insert=True)
    if not length:
        _finish(upload)
    return upload


def path_of(upload: Upload) -> Path:
    """Where its bytes are; the name is the key alone."""
    return uploads_folder() / str(upload.pk)


@contextlib.contextmanager
def held(upload: Upload) -> Iterator[BinaryIO]:
    """The upload's file, which nobody else has in hand; the lock goes with the process that holds it.

    Raises UploadBusy, and FileNotFoundError where it is gone.
    """
    with path_of(upload).open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UploadBusy from error
        yield cast("BinaryIO", file)


def append(upload: Upload, pieces: Iterable[bytes], archive: Archive, checksum: bytes | None = None) -> None:
    """Append what comes, as far as it comes, to what is there. Raises UploadRefused, UploadBusy and ArchiveError.

    With a `checksum` (SHA-256 of this piece) all or nothing is kept: where it differs, UploadRefused says 460.
    Whatever else `pieces` raises goes on to the caller, after what came was kept.
    """
    with held(upload) as file:
        upload.refresh_from_db()
        file.truncate(upload.received_bytes)
        file.seek(upload.received_bytes)
        digest, came = hashlib.sha256(), 0
        try:
            for piece in pieces:
                if upload.received_bytes + came + len(piece) > upload.length:
                    raise UploadRefused(413, "More came than was announced.")
                if came // SPACE_CHECK_BYTES != (came + len(piece)) // SPACE_CHECK_BYTES:
                    archive.require_space(len(piece))
                with archive_errors("write a file"):
                    file.write(piece)
                digest.update(piece)
                came += len(piece)
        except UploadRefused:
            came = 0
            raise
        except BaseException:
            came = came if checksum is None else 0
            raise
        else:
            if checksum is not None and digest.digest() != checksum:
                came = 0
                raise UploadRefused(460, "A piece was damaged on its way.")
        finally:
            _note(upload, file, came)
    if upload.received_bytes == upload.length:
        _finish(upload)


def _note(upload: Upload, file: BinaryIO, came: int) -> None:
    """Say what came once it is durable, and not before."""
    with archive_errors("make a file durable"):
        file.flush()
        os.fdatasync(file.fileno())
    upload.received_bytes += came
    upload.changed_at = timezone.now()
    upload.save(update_fields=["received_bytes", "changed_at"])


def _finish(upload: Upload) -> None:
    upload.finished_at = timezone.now()
    upload.save(update_fields=["finished_at"])


def give_up(upload: Upload) -> None:
    """Forget an upload whose sender does not want it any more. Raises UploadBusy."""
    with contextlib.suppress(FileNotFoundError), held(upload):
        path_of(upload).unlink(missing_ok=True)
    upload.delete()


def forget_old_uploads() -> int:
    """Remove what nobody went on with, results that were shown long enough, and left-over files; returns how many."""
    now, removed = timezone.now(), 0
    abandoned = Upload.objects.filter(
        finished_at__isnull=True, changed_at__lt=now - timedelta(hours=settings.UPLOAD_KEEP_HOURS)
    )
    shown = Upload.objects.filter(imported_at__lt=now - RESULTS_KEPT)
    for upload in (*abandoned[:1000], *shown[:1000]):
        with contextlib.suppress(UploadBusy):
            give_up(upload)
            removed += 1
    return removed + _remove_left_over(now.timestamp())


def _remove_left_over(now: float) -> int:
    removed = 0
    folder = uploads_folder()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        with contextlib.suppress(OSError, ValueError):
            is_wanted = Upload.objects.filter(pk=UUID(path.name), imported_at__isnull=True).exists()
            if not is_wanted and now - path.stat().st_mtime > _ORPHAN_SECONDS:
                path.unlink()
                removed += 1
    return removed
