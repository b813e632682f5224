"""Uploads by people: resumable, in pieces (tus 1.0.0 with creation, creation-with-upload, checksum, expiration and
termination), and what became of each file."""

import base64
import binascii
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.http import http_date
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from dicomserver.archive import ArchiveError, ArchiveFull
from dicomserver.dicomweb.errands.admission import Errand, on_errand
from dicomserver.dicomweb.problems import Refused, absent, invalid
from dicomserver.dicomweb.storing.body import Body, BodyTruncated
from dicomserver.importing import selectors, uploads
from dicomserver.importing.models import Upload, UploadedFile
from dicomserver.importing.selectors import Summary
from dicomserver.importing.tasks import import_uploads
from dicomserver.importing.uploads import UploadBusy, UploadRefused
from dicomserver.importing.wishes import MAX_WISH_BYTES, WishRefused, checked_wish
from dicomserver.ingest.archives import configured_archive
from wire import problems
from wire.text import SHORT_LENGTH, TEXT_LENGTH, clean

logger = logging.getLogger(__name__)

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,checksum,expiration,termination"
ALGORITHM: Final = "sha256"
OFFSET_STREAM: Final = "application/offset+octet-stream"
# Of the eight threads of a process half are left to those who read.
MAX_AT_ONCE: Final = 4
MAX_METADATA_BYTES: Final = 16 * 1024
MAX_QUESTION_BYTES: Final = 128 * 1024
MAX_DIGESTS: Final = 1000
LISTED_UPLOADS: Final = 1000
LISTED_FILES: Final = 500
_PIECE_LIMIT_WAIT_SECONDS: Final = 5.0
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_CODES: Final = {413: problems.BODY_TOO_LARGE, 429: problems.TOO_MANY_REQUESTS, 460: problems.REQUEST_INVALID}

R = TypeVar("R", bound=HttpResponseBase)

_places: Final = threading.Semaphore(MAX_AT_ONCE)


def imports(request: HttpRequest) -> HttpResponseBase:
    """The collection: a new upload by POST, one's own by GET, what this server can do by OPTIONS."""
    if request.method == "OPTIONS":
        return _capabilities()
    return _with_version(_create(request) if request.method == "POST" else _list(request))


def one_import(request: HttpRequest, upload: UUID) -> HttpResponseBase:
    """One upload: where it stands, more of it, its results, or its end."""
    if request.method == "OPTIONS":
        return _capabilities()
    view = {"PATCH": _append, "DELETE": _give_up, "HEAD": _offset}.get(request.method or "", _show)
    return _with_version(view(request, upload=upload))


def known(request: HttpRequest) -> HttpResponseBase:
    """Which of these files this server has taken in already, by digest: they need not be sent."""
    return _known(request)


@on_errand("upload", ("GET", "HEAD"))
def _list(request: HttpRequest, errand: Errand) -> HttpResponseBase:
    mine = selectors.uploads_of(errand.sub)
    if batch := request.GET.get("batch"):
        mine = mine.filter(batch=clean(batch, SHORT_LENGTH))
    found = list(mine[:LISTED_UPLOADS])
    summaries = selectors.summaries(found)
    return JsonResponse({"uploads": [_described(one, summaries[one.pk]) for one in found]})


@on_errand("upload", ("POST",))
def _create(request: HttpRequest, errand: Errand) -> HttpResponseBase:
    _require_version(request)
    metadata = _metadata_of(request)
    length = _number(request, "Upload-Length")
    batch = clean(metadata.get("batch", ""), SHORT_LENGTH)
    sha256 = metadata.get("sha256", "").lower()
    if sha256 and not _SHA256.fullmatch(sha256):
        raise invalid("The digest is not SHA-256 in hexadecimal digits.")
    upload = _answering(
        partial(
            uploads.begin_upload,
            archive=configured_archive(),
            sub=errand.sub,
            length=length,
            batch=batch,
            name=clean(metadata.get("filename", ""), TEXT_LENGTH) or "file",
            sha256=sha256,
            wish=_wish_of(metadata, errand, batch),
            remote_address=errand.remote_address,
            session_id=errand.session_id,
            token_id=errand.token_id,
        )
    )
    if request.content_type == OFFSET_STREAM and length:
        _receive(request, upload)
    _import_if_whole(upload)
    response = _at_offset(upload, 201)
    response.headers["Location"] = f"{_base_url()}/imports/{upload.pk}"
    return response


@on_errand("upload", ("HEAD",))
def _offset(_request: HttpRequest, errand: Errand, upload: UUID) -> HttpResponseBase:
    found = _mine(errand, upload)
    response = _at_offset(found, 200)
    response.headers["Upload-Length"] = str(found.length)
    return response


@on_errand("upload", ("PATCH",))
def _append(request: HttpRequest, errand: Errand, upload: UUID) -> HttpResponseBase:
    _require_version(request)
    if request.content_type != OFFSET_STREAM:
        raise Refused(415, problems.MEDIA_TYPE_UNSUPPORTED, "Not a piece", f"Send pieces as {OFFSET_STREAM}.")
    found = _mine(errand, upload)
    if _number(request, "Upload-Offset") != found.received_bytes:
        raise Refused(409, problems.REQUEST_INVALID, "Another offset", f"It goes on at {found.received_bytes}.")
    _receive(request, found)
    _import_if_whole(found)
    return _at_offset(found, 204)


@on_errand("upload", ("DELETE",))
def _give_up(_request: HttpRequest, errand: Errand, upload: UUID) -> HttpResponseBase:
    found = _mine(errand, upload)
    if found.finished_at is not None and found.imported_at is None:
        raise Refused(409, problems.REQUEST_INVALID, "Being taken in", "It came in full and is being taken in.")
    _answering(lambda: uploads.give_up(found))
    return HttpResponse(status=204)


@on_errand("upload", ("GET", "HEAD", "PATCH", "DELETE"))
def _show(request: HttpRequest, errand: Errand, upload: UUID) -> HttpResponseBase:
    """What became of each file, LISTED_FILES at a time."""
    found = _mine(errand, upload)
    text = request.GET.get("offset", "0")
    start = int(text) if _NUMBER.fullmatch(text) else 0
    files = list(found.files.order_by("pk")[start : start + LISTED_FILES + 1])
    more = start + LISTED_FILES if len(files) > LISTED_FILES else None
    listed = [_file(one) for one in files[:LISTED_FILES]]
    summary = selectors.summaries([found])[found.pk]
    return JsonResponse(_described(found, summary) | {"files": listed, "next_offset": more})


@on_errand("upload", ("POST",))
def _known(request: HttpRequest, _errand: Errand) -> HttpResponseBase:
    length = request.META.get("CONTENT_LENGTH") or ""
    if not _NUMBER.fullmatch(length) or int(length) > MAX_QUESTION_BYTES:
        raise Refused(413, problems.BODY_TOO_LARGE, "Too large", f"Ask for {MAX_DIGESTS} digests at a time.")
    try:
        digests = json.loads(request.read(int(length)))["sha256"]
        is_list = isinstance(digests, list) and all(isinstance(one, str) and _SHA256.fullmatch(one) for one in digests)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise invalid('Send {"sha256": ["…"]}.') from error
    if not is_list or len(digests) > MAX_DIGESTS:
        raise invalid(f"Send at most {MAX_DIGESTS} digests of SHA-256 in hexadecimal digits.")
    return JsonResponse({"known": selectors.known_digests(digests)})


def _capabilities() -> HttpResponse:
    response = HttpResponse(status=204)
    response.headers["Tus-Version"] = VERSION
    response.headers["Tus-Extension"] = EXTENSIONS
    response.headers["Tus-Checksum-Algorithm"] = ALGORITHM
    response.headers["Tus-Max-Size"] = str(settings.UPLOAD_MAXIMUM_BYTES)
    return _with_version(response)


def _with_version(response: R) -> R:
    response.headers["Tus-Resumable"] = VERSION
    return response


def _require_version(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Refused(412, problems.REQUEST_INVALID, "Another protocol", f"Send Tus-Resumable: {VERSION}.")


def _mine(errand: Errand, upload: UUID) -> Upload:
    """The person's own upload; of others it is not told that they exist. Raises Refused."""
    found = selectors.uploads_of(errand.sub).filter(pk=upload).first()
    if found is None:
        raise absent("upload")
    return found


def _receive(request: HttpRequest, upload: Upload) -> None:
    """Append the request's body. Raises Refused; what came before a line broke is kept."""
    if not _places.acquire(timeout=_PIECE_LIMIT_WAIT_SECONDS):
        raise Refused(503, problems.UNAVAILABLE, "Busy", "Too many people send at the moment; try again.")
    try:
        _answering(lambda: uploads.append(upload, _pieces(request), configured_archive(), _checksum(request)))
    except BodyTruncated as error:
        raise invalid("The piece was cut off; what came of it was kept.") from error
    finally:
        _places.release()


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    length = request.META.get("CONTENT_LENGTH") or ""
    if _NUMBER.fullmatch(length):
        return Body(request.read, int(length)).pieces()
    return Body(request.META["wsgi.input"].read, None).pieces()


def _answering(act: Callable[[], Any]) -> Any:
    """What `act` returns. Raises Refused for what stands in its way."""
    try:
        return act()
    except UploadRefused as refusal:
        raise Refused(refusal.status, _CODES[refusal.status], "Not taken", str(refusal)) from refusal
    except (UploadBusy, FileNotFoundError) as error:
        raise Refused(423, problems.UNAVAILABLE, "In hand", "Another request has this upload in hand.") from error
    except ArchiveFull as error:
        raise Refused(507, problems.OUT_OF_RESOURCES, "No room", str(error)) from error
    except ArchiveError as error:
        raise Refused(503, problems.UNAVAILABLE, "Unavailable", str(error)) from error


def _import_if_whole(upload: Upload) -> None:
    if upload.finished_at is not None:
        transaction.on_commit(_send_task)


def _send_task() -> None:
    try:
        import_uploads.apply_async(expires=60, retry=False)
    except (OSError, OperationalError, RedisError):
        logger.warning("The import's task could not be sent; beat sends the next")


def _wish_of(metadata: dict[str, str], errand: Errand, batch: str) -> dict[str, Any] | None:
    text = metadata.get("wish", "")
    if not text:
        return None
    try:
        if len(text.encode()) > MAX_WISH_BYTES:
            raise WishRefused("What is to be done with the file cannot be understood.")
        return checked_wish(text, person=errand.sub, batch=batch, allowed_study=errand.study_instance_uid)
    except WishRefused as error:
        raise invalid(str(error)) from error


def _metadata_of(request: HttpRequest) -> dict[str, str]:
    """Upload-Metadata: names with values in base64. Raises Refused."""
    header = request.headers.get("Upload-Metadata", "")
    if len(header) > MAX_METADATA_BYTES:
        raise Refused(413, problems.BODY_TOO_LARGE, "Too large", "Upload-Metadata is too long.")
    found: dict[str, str] = {}
    for pair in header.split(",") if header else ():
        name, _, value = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise invalid("Upload-Metadata is no list of names and base64.") from error
    return found


def _checksum(request: HttpRequest) -> bytes | None:
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise invalid("Upload-Checksum is no base64.") from error
    if algorithm != ALGORITHM or len(digest) != 32:
        raise invalid(f"Checksums are of {ALGORITHM}.")
    return digest


def _number(request: HttpRequest, header: str) -> int:
    value = request.headers.get(header, "")
    if not _NUMBER.fullmatch(value):
        raise invalid(f"{header} says how many bytes, as a number.")
    return int(value)


def _at_offset(upload: Upload, status: int) -> HttpResponse:
    response = HttpResponse(status=status)
    response.headers["Upload-Offset"] = str(upload.received_bytes)
    if upload.finished_at is None:
        until = upload.changed_at + timedelta(hours=settings.UPLOAD_KEEP_HOURS)
        response.headers["Upload-Expires"] = http_date(until.timestamp())
    return response


def _base_url() -> str:
    return settings.DICOMWEB_PUBLIC_URL.rstrip("/").removesuffix("/dicomweb")


def _state(upload: Upload) -> str:
    if upload.imported_at is not None:
        return "done"
    return "receiving" if upload.finished_at is None else "waiting"


def _described(upload: Upload, summary: Summary) -> dict[str, Any]:
    return {
        "id": str(upload.pk),
        "batch": upload.batch,
        "name": upload.name,
        "length": upload.length,
        "sha256": upload.sha256,
        "received_bytes": upload.received_bytes,
        "created_at": upload.created_at.isoformat(),
        "state": _state(upload),
        "trouble": upload.trouble,
        "counts": summary.counts,
        "not_taken": [_file(one) for one in summary.not_taken],
        "studies": summary.studies,
    }


def _file(one: UploadedFile) -> dict[str, str]:
    return {
        "name": one.name,
        "outcome": one.outcome,
        "explanation": one.explanation,
        "study_instance_uid": one.study_instance_uid,
    }
