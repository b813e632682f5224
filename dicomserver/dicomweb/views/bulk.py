"""WADO-RS bulk data (PS3.18 10.4.1.1.5): values that metadata refer to, documents and videos among them."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase

from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.bulk_values import (
    ENCAPSULATED_DOCUMENT,
    document_length,
    document_type,
    is_video,
    taken_out,
    video_stream,
)
from dicomserver.dicomweb.deidentified.metadata import is_sent_value
from dicomserver.dicomweb.media import EXPLICIT_VR_LITTLE_ENDIAN, OCTET_STREAM, bulk_format
from dicomserver.dicomweb.multipart import Part
from dicomserver.dicomweb.negotiation import frame_format
from dicomserver.dicomweb.preparing import instance_with_bulk_data, metadata_of
from dicomserver.dicomweb.problems import absent, problem
from dicomserver.dicomweb.ranges import Unsatisfiable, wanted_range, within
from dicomserver.dicomweb.reading import answer_with, etag_for, frame_parts, spans_part
from dicomserver.dicomweb.selectors import BulkSource, Scope, StoredInstance
from dicomserver.dicomweb.storage import pieces, told_if_unreadable
from dicomserver.index.frames import FrameTable, Span
from dicomserver.ingest.dicom_json import WORD_BYTES, turned
from wire import problems

PIXEL_TAGS: Final = frozenset({"7FE00008", "7FE00009", "7FE00010"})
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"


@admitted("view", READ_BY_FORM)
def bulk_data(request: HttpRequest, access: Access, series: str, instance: str, path: str) -> HttpResponseBase:
    """One value of an instance, by its way through the sequences that it lies in."""
    path = path.upper()
    source = instance_with_bulk_data(Scope(access.study_instance_uid, series, instance))
    if source is None:
        raise absent("instance")
    return answer_with_value(request, access, source, path)


def answer_with_value(
    request: HttpRequest, access: Access, source: BulkSource, path: str, *, is_alone: bool = False
) -> HttpResponseBase:
    """The value at the path; `is_alone` where a client that says nothing wants it as it is, not as multipart.

    Raises Refused.
    """
    place = (source.places or {}).get(path)
    if place is None:
        return _taken_out(request, access, source, path, is_alone=is_alone)
    vr, _, length = place
    if access.disguise is not None and not is_sent_value(path, vr, access.disguise):
        raise absent("value")
    if path in PIXEL_TAGS and length < 0 and is_video(source.stored.transfer_syntax_uid):
        return _video(request, access, source, path, is_alone=is_alone)
    if length < 0 or (path in PIXEL_TAGS and _must_be_turned(source.stored, vr)):
        return _all_frames(request, access, source, path)
    return _value(request, access, source, path, is_alone=is_alone)


def _all_frames(request: HttpRequest, access: Access, source: BulkSource, path: str) -> HttpResponseBase:
    if source.frame_table is None:
        raise absent("value")
    stored, table = source.stored, FrameTable.from_json(source.frame_table)
    form = frame_format(request, stored.transfer_syntax_uid, frames=table.count)
    parts = frame_parts(stored, table, range(1, table.count + 1), form)
    etag = etag_for(access, stored.data_set_sha256, path, form)
    return answer_with(request, access, etag, [stored], table.count, form, parts)


def _video(request: HttpRequest, access: Access, source: BulkSource, path: str, *, is_alone: bool) -> HttpResponseBase:
    stored = source.stored
    with told_if_unreadable(stored):
        media_type, spans = video_stream(stored, (source.places or {})[path][1])
    return _stream(request, access, stored, path, media_type, stored.transfer_syntax_uid, spans, is_alone=is_alone)


def _value(request: HttpRequest, access: Access, source: BulkSource, path: str, *, is_alone: bool) -> HttpResponseBase:
    stored = source.stored
    vr, offset, length = (source.places or {})[path]
    if _must_be_turned(stored, vr):
        form = bulk_format(request)
        part = Part(form.content_type, length, partial(_turned, stored, vr, offset, length))
        return answer_with(
            request, access, etag_for(access, stored.data_set_sha256, path, form), [stored], 0, form, [part]
        )
    if path == ENCAPSULATED_DOCUMENT:
        media_type, length = _document(stored, length)
        return _stream(request, access, stored, path, media_type, "", ((offset, length),), is_alone=is_alone)
    return _stream(request, access, stored, path, OCTET_STREAM, EXPLICIT_VR_LITTLE_ENDIAN, ((offset, length),))


def _stream(
    request: HttpRequest,
    access: Access,
    stored: StoredInstance,
    path: str,
    media_type: str,
    transfer_syntax_uid: str,
    spans: tuple[Span, ...],
    *,
    is_alone: bool = False,
) -> HttpResponseBase:
    """A value that is copied out of the file; alone in its answer, a range of it can be asked for."""
    form = bulk_format(request, media_type, transfer_syntax_uid, is_alone=is_alone)
    etag = etag_for(access, stored.data_set_sha256, path, form)
    frame_count = stored.number_of_frames or 1 if path in PIXEL_TAGS else 0
    answer = partial(answer_with, request, access, etag, [stored], frame_count, form)
    if form.is_multipart:
        return answer([spans_part(stored, spans, form.content_type)])
    length = sum(size for _, size in spans)
    try:
        wanted = wanted_range(request, etag, length)
    except Unsatisfiable:
        refused = problem(416, problems.REQUEST_INVALID, "Range not satisfiable", f"The value has {length} bytes.")
        refused.headers["Content-Range"] = f"bytes */{length}"
        return refused
    start, size = wanted or (0, length)
    response = answer([spans_part(stored, within(spans, start, size), form.content_type)])
    response.headers["Accept-Ranges"] = "bytes"
    if wanted and response.status_code == 200:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{start + size - 1}/{length}"
    return response


def _taken_out(
    request: HttpRequest, access: Access, source: BulkSource, path: str, *, is_alone: bool = False
) -> HttpResponseBase:
    """A value without a place of its own: within sequences, or small enough to be in the metadata too."""
    stored = source.stored
    if path in PIXEL_TAGS:
        raise absent("value")
    with told_if_unreadable(stored):
        value = taken_out(source, path, access.disguise)
    if value is None:
        raise absent("value")
    if path == ENCAPSULATED_DOCUMENT:
        media_type, length = _document(stored, len(value))
        form, value = bulk_format(request, media_type, "", is_alone=is_alone), value[:length]
    else:
        form = bulk_format(request)
    etag = etag_for(access, stored.data_set_sha256, path, form)
    part = Part(form.content_type, len(value), lambda: [value])
    return answer_with(request, access, etag, [stored], 0, form, [part])


def _document(stored: StoredInstance, length: int) -> tuple[str, int]:
    """Media type and length of the instance's encapsulated document."""
    prepared = metadata_of(stored.pk)
    if prepared is None:
        return OCTET_STREAM, length
    return document_type(prepared[0]), document_length(prepared[0], length)


def _must_be_turned(stored: StoredInstance, vr: Any) -> bool:
    return stored.transfer_syntax_uid == _BIG_ENDIAN and vr in WORD_BYTES


def _turned(stored: StoredInstance, vr: str, offset: int, length: int) -> Iterable[bytes]:
    return [turned(b"".join(pieces(stored, offset, length)), WORD_BYTES[vr])]
