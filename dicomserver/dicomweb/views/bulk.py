"""WADO-RS bulk data (PS3.18 10.4.1.1.5): values that metadata refer to, documents and videos among them."""

from dataclasses import replace
from functools import partial

from django.http import HttpRequest, HttpResponseBase

from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.bulk_resources import address_of, every_value
from dicomserver.dicomweb.bulk_values import PIXEL_TAGS, BulkValue, bulk_value
from dicomserver.dicomweb.media import bulk_format
from dicomserver.dicomweb.multipart import Part
from dicomserver.dicomweb.negotiation import frame_format
from dicomserver.dicomweb.preparing import instance_with_bulk_data
from dicomserver.dicomweb.problems import absent, problem
from dicomserver.dicomweb.ranges import Unsatisfiable, wanted_range, within
from dicomserver.dicomweb.reading import answer_with, etag_for, frame_parts, spans_part
from dicomserver.dicomweb.selectors import BulkSource, Scope
from dicomserver.dicomweb.storage import told_if_unreadable
from dicomserver.index.frames import FrameTable
from wire import problems


@admitted("view", READ_BY_FORM)
def bulk_data(request: HttpRequest, access: Access, series: str, instance: str, path: str) -> HttpResponseBase:
    """One value of an instance, by its way through the sequences that it lies in."""
    path = path.upper()
    source = instance_with_bulk_data(Scope(access.study_instance_uid, series, instance))
    if source is None:
        raise absent("instance")
    return answer_with_value(request, access, source, path, location=address_of(access, source.stored, path))


@admitted("view", READ_BY_FORM)
def all_bulk_data(
    request: HttpRequest, access: Access, series: str | None = None, instance: str | None = None
) -> HttpResponseBase:
    """Every value that the metadata of a study, series or instance refer to (PS3.18 10.4.1.1.5)."""
    scope = Scope(access.study_instance_uid, series, instance)
    return every_value(request, access, scope, what="bulk data", alone=partial(answer_with_value, request, access))


@admitted("view", READ_BY_FORM)
def pixel_data(
    request: HttpRequest, access: Access, series: str | None = None, instance: str | None = None
) -> HttpResponseBase:
    """The pixel data of a study, series or instance: of its data sets, not of icons in them (PS3.18 10.4.1.1.6)."""
    scope = Scope(access.study_instance_uid, series, instance)
    alone = partial(answer_with_value, request, access)
    return every_value(request, access, scope, what="pixel data", alone=alone, only=PIXEL_TAGS)


def answer_with_value(
    request: HttpRequest,
    access: Access,
    source: BulkSource,
    path: str,
    *,
    is_alone: bool = False,
    location: str = "",
) -> HttpResponseBase:
    """The value at the path; `is_alone` where a client that says nothing wants it as it is, not as multipart.

    `location` is its address, which parts name. Raises Refused.
    """
    value = bulk_value(source, path, access.disguise)
    if value is None:
        raise absent("value")
    if value.frames is not None:
        return _all_frames(request, access, value, value.frames, location)
    if value.made is not None:
        return _made(request, access, value, location, is_alone=is_alone)
    return _stream(request, access, value, location, is_alone=is_alone)


def _all_frames(
    request: HttpRequest, access: Access, value: BulkValue, table: FrameTable, location: str
) -> HttpResponseBase:
    stored = value.stored
    form = frame_format(request, stored.transfer_syntax_uid, frames=table.count)
    parts = [replace(part, location=location) for part in frame_parts(stored, table, range(1, table.count + 1), form)]
    etag = etag_for(access, stored.data_set_sha256, value.path, form)
    return answer_with(request, access, etag, [stored], table.count, form, parts)


def _made(request: HttpRequest, access: Access, value: BulkValue, location: str, *, is_alone: bool) -> HttpResponseBase:
    """A value that is not copied out of the file as it stands there."""
    stored = value.stored
    with told_if_unreadable(stored):
        content = value.made() if value.made else None
    if content is None:
        raise absent("value")
    form = bulk_format(request, value.media_type, value.transfer_syntax_uid, is_alone=is_alone)
    etag = etag_for(access, stored.data_set_sha256, value.path, form)
    part = Part(form.content_type, len(content), lambda: [content], location)
    return answer_with(request, access, etag, [stored], 0, form, [part])


def _stream(
    request: HttpRequest, access: Access, value: BulkValue, location: str, *, is_alone: bool
) -> HttpResponseBase:
    """A value that is copied out of the file; alone in its answer, a range of it can be asked for."""
    stored, spans = value.stored, value.spans
    form = bulk_format(request, value.media_type, value.transfer_syntax_uid, is_alone=is_alone)
    etag = etag_for(access, stored.data_set_sha256, value.path, form)
    answer = partial(answer_with, request, access, etag, [stored], value.frame_count, form)
    if form.is_multipart:
        return answer([replace(spans_part(stored, spans, form.content_type), location=location)])
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
