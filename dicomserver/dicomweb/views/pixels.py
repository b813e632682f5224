"""WADO-RS: instances, frames and bulk data (PS3.18 10.4), copied out of the archive as they were received."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase

from dicomserver.dicomweb import places, records, selectors
from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.caching import etag_of, is_unchanged, kept, unchanged
from dicomserver.dicomweb.deidentified.files import file_part
from dicomserver.dicomweb.deidentified.metadata import is_sent_value
from dicomserver.dicomweb.deidentified.selectors import shown_instances
from dicomserver.dicomweb.media import Format, bulk_format, frame_format, instance_format
from dicomserver.dicomweb.multipart import Part, is_small, respond
from dicomserver.dicomweb.preparing import instance_with_bulk_data
from dicomserver.dicomweb.problems import absent, invalid
from dicomserver.dicomweb.selectors import Scope, StoredInstance
from dicomserver.dicomweb.storage import opened, pieces, require_readable, told_if_unreadable
from dicomserver.index.frames import FrameNotFound, FrameTable, NativeFrames

MAX_FRAMES_A_REQUEST: Final = 10_000
PIXEL_TAGS: Final = frozenset({"7FE00008", "7FE00009", "7FE00010"})
# Values of these VRs are words, which a big-endian file holds the other way round (PS3.5 7.3).
_WORDS: Final = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"


@admitted("download")
def instances(
    request: HttpRequest, access: Access, series: str | None = None, instance: str | None = None
) -> HttpResponseBase:
    """The whole instances of a study or series, or one, as Part-10 files."""
    scope, disguise = Scope(access.study_instance_uid, series, instance), access.disguise
    shown = list(shown_instances(scope)) if disguise else []
    stored = [one.stored for one in shown] if disguise else _stored(scope)
    if not stored:
        raise absent("instances")
    form = instance_format(request, instances=len(stored))
    etag = _etag(access, [one.data_set_sha256 for one in stored], form)
    frames = sum(one.number_of_frames or 0 for one in stored)
    if disguise is None:
        parts = [_file_part(one) for one in stored]
    else:
        with told_if_unreadable(stored[0]):
            parts = [file_part(one, disguise) for one in shown]
    return _answer(request, access, etag, stored, frames, form, parts)


@admitted("view", READ_BY_FORM)
def frames(request: HttpRequest, access: Access, series: str, instance: str, frame_list: str) -> HttpResponseBase:
    """Frames of one instance in the order asked for, each as it is stored."""
    numbers = _frame_numbers(frame_list)
    place = places.memory.find(Scope(access.study_instance_uid, series, instance))
    if place is None:
        raise absent("instance")
    stored, table = place.stored, place.frame_table
    if table is None:
        raise absent("frame: the instance has none")
    form = frame_format(request, stored.transfer_syntax_uid, frames=len(numbers))
    try:
        parts = [_frame_part(stored, table, number, form.content_type) for number in numbers]
    except FrameNotFound as error:
        raise absent("frame") from error
    etag = _etag(access, stored.data_set_sha256, numbers, form)
    return _answer(request, access, etag, [stored], len(numbers), form, parts)


@admitted("view", READ_BY_FORM)
def bulk_data(request: HttpRequest, access: Access, series: str, instance: str, tag: str) -> HttpResponseBase:
    """One value that the metadata refers to by BulkDataURI."""
    tag = tag.upper()
    found = instance_with_bulk_data(Scope(access.study_instance_uid, series, instance))
    if found is None or tag not in found[1]:
        raise absent("value")
    stored, places, stored_table = found
    vr, offset, length = places[tag]
    if access.disguise is not None and not is_sent_value(tag, vr, access.disguise):
        raise absent("value")
    if length < 0 or (tag in PIXEL_TAGS and _must_be_turned(stored, vr)):
        if stored_table is None:
            raise absent("value")
        table = FrameTable.from_json(stored_table)
        form = frame_format(request, stored.transfer_syntax_uid, frames=table.count)
        parts = [_frame_part(stored, table, number, form.content_type) for number in range(1, table.count + 1)]
        return _answer(
            request, access, _etag(access, stored.data_set_sha256, tag, form), [stored], table.count, form, parts
        )
    form = bulk_format(request)
    read = (
        partial(_turned, stored, vr, offset, length)
        if _must_be_turned(stored, vr)
        else partial(pieces, stored, offset, length)
    )
    frame_count = stored.number_of_frames or 1 if tag in PIXEL_TAGS else 0
    etag = _etag(access, stored.data_set_sha256, tag, form)
    return _answer(request, access, etag, [stored], frame_count, form, [Part(form.content_type, length, read)])


def _etag(access: Access, *parts: object) -> str:
    return etag_of(*parts, access.answered_for)


def _stored(scope: Scope) -> list[StoredInstance]:
    if scope.sop_instance_uid is None:
        return selectors.stored_instances(scope)
    place = places.memory.find(scope)
    return [place.stored] if place else []


def _answer(
    request: HttpRequest,
    access: Access,
    etag: str,
    stored: list[StoredInstance],
    frame_count: int,
    form: Format,
    parts: list[Part],
) -> HttpResponseBase:
    """Note the read, then send; what a browser shows from its own cache was read as well."""
    pks = [one.pk for one in stored]
    if is_unchanged(request, etag):
        records.reads.begin(access.reader, instance_pks=pks, frames=frame_count)
        return unchanged(etag)
    add_bytes = partial(records.reads.add_bytes, access.reader)
    with told_if_unreadable(stored[0]):
        if not is_small(parts):
            require_readable(stored[0])
        response = respond(parts, form, sent=add_bytes)
    records.reads.begin(access.reader, instance_pks=pks, frames=frame_count)
    if is_small(parts):
        add_bytes(sum(part.length for part in parts))
    return kept(response, etag)


def _file_part(stored: StoredInstance) -> Part:
    content_type = f"application/dicom; transfer-syntax={stored.transfer_syntax_uid}"
    return Part(content_type, stored.file_bytes, partial(pieces, stored, 0, stored.file_bytes))


def _frame_part(stored: StoredInstance, table: FrameTable, number: int, content_type: str) -> Part:
    spans = table.spans(number)
    if spans is not None:
        length = sum(length for _, length in spans)
    else:
        native = table.frames
        length = -(-native.frame_bits // 8) if isinstance(native, NativeFrames) else 0
    return Part(content_type, length, partial(_frame, stored, table, number))


def _frame(stored: StoredInstance, table: FrameTable, number: int) -> Iterator[bytes]:
    spans = table.spans(number)
    if spans is None:
        with opened(stored) as descriptor:
            yield table.read(descriptor, number)
        return
    for offset, length in spans:
        yield from pieces(stored, offset, length)


def _must_be_turned(stored: StoredInstance, vr: Any) -> bool:
    return stored.transfer_syntax_uid == _BIG_ENDIAN and vr in _WORDS


def _turned(stored: StoredInstance, vr: str, offset: int, length: int) -> Iterable[bytes]:
    value = b"".join(pieces(stored, offset, length))
    turned = bytearray(value)
    size = _WORDS[vr]
    whole = length - length % size
    for index in range(size):
        turned[index:whole:size] = value[size - 1 - index : whole : size]
    return [bytes(turned)]


def _frame_numbers(frame_list: str) -> list[int]:
    texts = frame_list.split(",")
    if len(texts) > MAX_FRAMES_A_REQUEST:
        raise invalid(f"More than {MAX_FRAMES_A_REQUEST} frames in one request.")
    if not all(text.isascii() and text.isdigit() and len(text) <= 9 for text in texts):
        raise invalid("Frames are named by their numbers from 1, with commas between them.")
    return [int(text) for text in texts]
