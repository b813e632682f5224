"""STOW-RS (PS3.18 10.5): machines store instances of any study, readers documents of the one that they have open."""

import contextlib
import functools
import logging
import threading
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urljoin

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dicomserver.access.services import record_storing
from dicomserver.archive import Archive, ArchiveError, ArchiveFull
from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.admission import answered, remote_address_of
from dicomserver.dicomweb.media import DICOM
from dicomserver.dicomweb.problems import Refused, invalid
from dicomserver.dicomweb.senders import admit_storer
from dicomserver.dicomweb.storing.archives import receiving_archive
from dicomserver.dicomweb.storing.body import Body, BodyTruncated
from dicomserver.dicomweb.storing.json_storing import store_json_body
from dicomserver.dicomweb.storing.multipart import MultipartError
from dicomserver.dicomweb.storing.requests import AnswerFormat, StoreRequest, parse_store_request
from dicomserver.dicomweb.storing.responses import response_json, response_xml
from dicomserver.dicomweb.storing.results import OUT_OF_RESOURCES, Results
from dicomserver.dicomweb.storing.services import InstanceStore, store_body
from dicomserver.dicomweb.storing.silence import slow_senders
from dicomserver.dicomweb.storing.viewers import MAX_REQUEST_BYTES, Storer
from wire import problems

logger = logging.getLogger(__name__)

# Of the eight threads of a process two are left to those who read, however many store and however slowly.
MAX_AT_ONCE: Final = 6
# Where all are quick, one more waits for its turn instead of coming again.
WAIT_SECONDS: Final = 2.0
RETRY_AFTER_SECONDS: Final = 5
# How a reader stores here, as wire.events says.
WAY: Final = "stow_rs"
METHODS: Final = "GET, HEAD, POST, OPTIONS"

_places: Final = threading.Semaphore(MAX_AT_ONCE)


def or_store(read: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view of an address that is read by GET and stored to by POST."""

    @functools.wraps(read)
    def view(request: HttpRequest, **uids: Any) -> HttpResponseBase:
        if request.method == "POST":
            return store(request, **uids)
        response = read(request, **uids)
        if "Allow" in response.headers:
            response.headers["Allow"] = METHODS
        return response

    return view


def store(request: HttpRequest, study: str | None = None) -> HttpResponseBase:
    """Store the instances of the request's body; each has its own result."""
    response = answered(request, lambda: _store(request, study), methods=("POST",))
    if response.status_code == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _store(request: HttpRequest, study: str | None) -> HttpResponse:
    storer = admit_storer(request, study)
    if not _places.acquire(timeout=0 if slow_senders() else WAIT_SECONDS):
        raise Refused(503, problems.UNAVAILABLE, "Busy", "Too many senders store at the moment; try again.")
    try:
        return _store_body(request, storer, study)
    finally:
        _places.release()


def _store_body(request: HttpRequest, storer: Storer, study: str | None) -> HttpResponse:
    body = _body_of(request)
    try:
        asked = parse_store_request(request)
        _require_bounds(storer, asked)
        archive = _archive_with_room(asked)
    except Refused:
        # Who waits for leave to send does not get it.
        if "HTTP_EXPECT" not in request.META:
            _drain(body)
        raise
    instances = InstanceStore(archive, storer=storer, remote_address=remote_address_of(request), study=study)
    broken = _stored(request, body, asked, instances)
    if broken is not None:
        _drain(body)
    return _answer(storer, asked, instances.results(), broken)


def _stored(
    request: HttpRequest, body: Body, asked: StoreRequest, instances: InstanceStore
) -> BodyTruncated | MultipartError | None:
    if asked.media_type == DICOM:
        return store_body(body, asked.boundary, instances)
    try:
        return store_json_body(body, asked.boundary, instances, urljoin(url_of(), request.path))
    except ArchiveError as error:
        _drain(body)
        raise _no_room(is_full=isinstance(error, ArchiveFull)) from error


def _body_of(request: HttpRequest) -> Body:
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit():
        return Body(request.read, int(length))
    # Django reads nothing where no length is announced; the server ends such a body itself.
    return Body(request.META["wsgi.input"].read, None)


def _drain(body: Body) -> None:
    with contextlib.suppress(BodyTruncated):
        body.drain()


def _require_bounds(storer: Storer, asked: StoreRequest) -> None:
    """A reader stores documents, which are small. Raises Refused."""
    if storer.study is None:
        return
    if asked.length is None:
        raise Refused(
            411, problems.REQUEST_INVALID, "Length required", "Send Content-Length with what a reader stores."
        )
    if asked.length > MAX_REQUEST_BYTES:
        detail = f"A reader stores at most {MAX_REQUEST_BYTES} bytes at a time."
        raise Refused(413, problems.BODY_TOO_LARGE, "Too large", detail)


def _archive_with_room(asked: StoreRequest) -> Archive:
    archive = receiving_archive()
    try:
        archive.require_space(asked.length or 0)
    except ArchiveError as error:
        raise _no_room(is_full=isinstance(error, ArchiveFull)) from error
    return archive


def _answer(
    storer: Storer, asked: StoreRequest, results: Results, broken: BodyTruncated | MultipartError | None
) -> HttpResponse:
    logger.info(
        "STOW-RS request: %d stored, %d failed",
        len(results.stored),
        len(results.failed),
        extra={"sender": storer.name, "broken": type(broken).__name__ if broken else ""},
    )
    if not results.stored:
        _require_an_answer(results, broken)
    elif storer.reader is not None:
        record_storing(reader=storer.reader, way=WAY, instances=len(results.stored), stored_bytes=asked.length or 0)
    status = 409 if not results.stored else 200 if results.is_flawless and broken is None else 202
    content = response_xml(results) if asked.answer is AnswerFormat.XML else response_json(results)
    response = HttpResponse(content, status=status, content_type=str(asked.answer))
    response.headers["Cache-Control"] = "no-store"
    return response


def _require_an_answer(results: Results, broken: BodyTruncated | MultipartError | None) -> None:
    """Nothing was stored: raise Refused where the request as a whole is the reason, not its instances."""
    if broken is not None:
        raise invalid(str(broken))
    if not results.failed:
        raise invalid("The body holds no instance.")
    if all(one.reason == OUT_OF_RESOURCES for one in results.failed):
        raise _no_room(is_full=all(one.is_full for one in results.failed))


def _no_room(*, is_full: bool) -> Refused:
    if is_full:
        return Refused(507, problems.OUT_OF_RESOURCES, "No room", "The archive has no room beyond its reserve.")
    return Refused(503, problems.UNAVAILABLE, "Unavailable", "Nothing can be stored at the moment; try again.")
