"""Frames of a series' instances in one answer: one part each, in the order asked, and a problem where one is missing.

A request for each frame costs a round trip and, where the token is in a header, a pre-flight for each address. Frames
are read and sent a few at a time, so a bundle takes little memory however large it is, and are counted when they leave.
"""

import logging
import secrets
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate
from typing import Final, NamedTuple

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from dicomserver.access.reads import Reader
from dicomserver.dicomweb import records
from dicomserver.dicomweb.answers import LEFT_PIXELS, warning_of
from dicomserver.dicomweb.media import MULTIPART, OCTET_STREAM, stored_frame_format
from dicomserver.dicomweb.places import Place
from dicomserver.dicomweb.problems import Refused, absent, invalid, unreadable
from dicomserver.dicomweb.storage import opened, pieces, require_readable
from dicomserver.index.frames import FrameNotFound
from wire import problems
from wire.uids import InvalidUid, parse_uid

logger = logging.getLogger(__name__)

MAX_FRAMES: Final = 64
# What is read before it is sent: several small frames, or a piece of a large one.
CHUNK_BYTES: Final = 1024 * 1024
# Put together in memory, which a slow reader may empty without keeping a thread; more is streamed.
IN_MEMORY_BYTES: Final = 2 * 1024 * 1024
# Of the eight threads of a process three are left to those who ask for less, however slowly these are read.
MAX_STREAMS: Final = 5

_streams: Final = threading.Semaphore(MAX_STREAMS)


class AskedFrame(NamedTuple):
    """A frame as the reader names it."""

    sop_instance_uid: str
    number: int


@dataclass(frozen=True, slots=True)
class BundledFrame:
    """A frame of a bundle: its address, and its instance's place; None where the instance is not in the series."""

    address: str
    place: Place | None
    number: int
    is_postponed: bool = False


def asked_frames(text: str | None) -> list[AskedFrame]:
    """The frames that a form asks for: `<SOP Instance UID>:<frame number>`, with commas between. Raises Refused."""
    if not text:
        raise invalid("The form names no frames.")
    names = text.split(",")
    if len(names) > MAX_FRAMES:
        raise invalid(f"A bundle has at most {MAX_FRAMES} frames.")
    return [_asked_frame(name) for name in names]


def _asked_frame(name: str) -> AskedFrame:
    uid, _, number = name.partition(":")
    if not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise invalid("A frame is named by its instance's UID and its number from 1, with a colon between them.")
    try:
        return AskedFrame(parse_uid(uid), int(number))
    except InvalidUid as error:
        raise invalid("A frame's instance is not named by a UID.") from error


def respond_with(frames: list[BundledFrame], reader: Reader) -> HttpResponseBase:
    """The bundle. Raises django.db.DatabaseError where the read cannot be noted, and then nothing is sent.

    Where too many large bundles are under way, frames beyond what fits into memory are problems that say so: 503.
    """
    boundary = secrets.token_hex(16)
    content_type = f'{MULTIPART}; type="{OCTET_STREAM}"; boundary={boundary}'
    lengths = [_length_of(frame) for frame in frames]
    response: HttpResponseBase
    if sum(lengths) > IN_MEMORY_BYTES and _streams.acquire(blocking=False):
        chunks = _streamed(_chunks(frames, reader, boundary.encode(), CHUNK_BYTES))
        # Read and noted before the answer begins, so that a failure up to here can still be told.
        first = next(chunks)
        # Without its length, which no frame that turns out to be unreadable may change.
        response = StreamingHttpResponse(_continued(first, chunks), content_type=content_type)
    else:
        # In one chunk, copied once.
        (content,) = _chunks(_fitting(frames, lengths), reader, boundary.encode(), sys.maxsize)
        response = HttpResponse(content, content_type=content_type)
        response.headers["Content-Length"] = str(len(content))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _fitting(frames: list[BundledFrame], lengths: list[int]) -> list[BundledFrame]:
    """The frames, those marked as postponed with which there would be too much for the memory."""
    totals = accumulate(lengths)
    return [
        frame if total <= IN_MEMORY_BYTES else replace(frame, is_postponed=True)
        for frame, total in zip(frames, totals, strict=True)
    ]


def _streamed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks; the place among the streams is free when they end, in whatever way."""
    try:
        yield from chunks
    finally:
        _streams.release()


def _continued(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from chunks


@dataclass(slots=True)
class _Chunk:
    """What is sent in one step, and what of it is to be noted."""

    content: list[bytes] = field(default_factory=list)
    length: int = 0
    frame_bytes: int = 0
    frames: int = 0
    instance_pks: set[int] = field(default_factory=set)

    def add(self, *content: bytes) -> None:
        self.content += content
        self.length += sum(map(len, content))

    def noted(self, reader: Reader) -> bytes:
        """The bytes, once they are noted as read."""
        if self.frames:
            records.reads.begin(reader, instance_pks=self.instance_pks, frames=self.frames)
        if self.frame_bytes:
            records.reads.add_bytes(reader, self.frame_bytes)
        return b"".join(self.content)


def _chunks(frames: list[BundledFrame], reader: Reader, boundary: bytes, chunk_bytes: int) -> Iterator[bytes]:
    """The multipart body; raises OSError where a large frame breaks off, which ends the connection."""
    chunk = _Chunk()
    start = b"--"
    for frame in frames:
        content_type, length, content = _part(frame)
        chunk.add(_head(start + boundary, frame, content_type, length))
        start = b"\r\n--"
        if frame.place is not None and content_type != problems.CONTENT_TYPE:
            chunk.frames += 1
            chunk.instance_pks.add(frame.place.stored.pk)
        for piece in content:
            chunk.add(piece)
            if content_type != problems.CONTENT_TYPE:
                chunk.frame_bytes += len(piece)
            if chunk.length >= chunk_bytes:
                yield chunk.noted(reader)
                chunk = _Chunk()
    chunk.add(start + boundary + b"--\r\n")
    yield chunk.noted(reader)


def _head(delimiter: bytes, frame: BundledFrame, content_type: str, length: int) -> bytes:
    fields = [f"Content-Type: {content_type}", f"Content-Location: {frame.address}", f"Content-Length: {length}"]
    table = frame.place.frame_table if frame.place else None
    if table is not None and table.leaves_pixels:
        fields.append(f"Warning: {warning_of(LEFT_PIXELS)}")
    return delimiter + "".join(f"\r\n{field}" for field in fields).encode() + b"\r\n\r\n"


def _part(frame: BundledFrame) -> tuple[str, int, Iterable[bytes]]:
    """Content type, length and content of the frame, or of the problem in its place."""
    try:
        return _readable_part(frame)
    except FrameNotFound:
        refusal = absent("frame")
    except OSError as error:
        uid = frame.place.stored.sop_instance_uid if frame.place else ""
        logger.error("A stored file cannot be read", extra={"sop_instance_uid": uid, "reason": error.strerror})
        refusal = unreadable()
    except Refused as refused:
        refusal = refused
    content = refusal.response().content
    return problems.CONTENT_TYPE, len(content), (content,)


def _readable_part(frame: BundledFrame) -> tuple[str, int, Iterable[bytes]]:
    if frame.place is None:
        raise absent("instance")
    if frame.is_postponed:
        raise Refused(503, problems.UNAVAILABLE, "Busy", "Ask for this frame again.")
    stored, table = frame.place.stored, frame.place.frame_table
    if table is None:
        raise absent("frame: the instance has none")
    content_type = stored_frame_format(stored.transfer_syntax_uid).content_type
    spans = table.spans(frame.number)
    if spans is None or sum(length for _, length in spans) <= CHUNK_BYTES:
        with opened(stored) as descriptor:
            data = table.read(descriptor, frame.number)
        return content_type, len(data), (data,)
    require_readable(stored)
    read = partial(pieces, stored)
    return content_type, sum(length for _, length in spans), (piece for span in spans for piece in read(*span))


def _length_of(frame: BundledFrame) -> int:
    """About how long the part will be."""
    table = frame.place.frame_table if frame.place else None
    try:
        spans = table.spans(frame.number) if table else ()
    except FrameNotFound:
        return 0
    return CHUNK_BYTES if spans is None else sum(length for _, length in spans)
