"""What is read from the archive as the parts of an answer: noted for the audit first, then sent."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

from django.http import HttpRequest, HttpResponseBase

from dicomserver.dicomweb import records
from dicomserver.dicomweb.admission import Access
from dicomserver.dicomweb.caching import etag_of, is_unchanged, kept, unchanged
from dicomserver.dicomweb.media import Format, stored_frame_format
from dicomserver.dicomweb.multipart import Part, is_small, respond
from dicomserver.dicomweb.selectors import StoredInstance
from dicomserver.dicomweb.storage import opened, pieces, require_readable, told_if_unreadable
from dicomserver.dicomweb.transcoded import transcoded_frame_part
from dicomserver.index.frames import FrameTable, NativeFrames, Span


def etag_for(access: Access, *parts: object) -> str:
    """A strong ETag for what these parts determine, of this reader's answers."""
    return etag_of(*parts, access.answered_for)


def answer_with(
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


def frame_parts(stored: StoredInstance, table: FrameTable, numbers: Iterable[int], form: Format) -> list[Part]:
    """Frames as they are stored, or in the transfer syntax of the format. Raises FrameNotFound and Refused."""
    as_stored = stored_frame_format(stored.transfer_syntax_uid).transfer_syntax_uid
    if form.transfer_syntax_uid == as_stored:
        return [frame_part(stored, table, number, form.content_type) for number in numbers]
    target = form.transfer_syntax_uid
    return [transcoded_frame_part(stored, table, number, form.content_type, target) for number in numbers]


def frame_part(stored: StoredInstance, table: FrameTable, number: int, content_type: str) -> Part:
    """One frame as it is stored. Raises index.frames.FrameNotFound."""
    spans = table.spans(number)
    if spans is not None:
        return spans_part(stored, spans, content_type)
    native = table.frames
    length = -(-native.frame_bits // 8) if isinstance(native, NativeFrames) else 0
    return Part(content_type, length, partial(_prepared_frame, stored, table, number))


def spans_part(stored: StoredInstance, spans: tuple[Span, ...], content_type: str) -> Part:
    """Regions of the instance's file, one after the other."""
    length = sum(length for _, length in spans)
    return Part(content_type, length, lambda: chain.from_iterable(pieces(stored, *span) for span in spans))


def _prepared_frame(stored: StoredInstance, table: FrameTable, number: int) -> Iterator[bytes]:
    with opened(stored) as descriptor:
        yield table.read(descriptor, number)
