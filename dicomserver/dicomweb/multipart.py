"""Answers made of parts (multipart/related, RFC 2387): sent at once when small, piece by piece when not."""

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Final

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from dicomserver.dicomweb.media import MULTIPART, Format
from dicomserver.dicomweb.problems import Refused, not_acceptable
from wire import problems

# Below this an answer is put together in memory: cheaper than piece by piece. Many of them may wait for slow readers.
IN_MEMORY_BYTES: Final = 1024 * 1024
# Answers that take work while they are sent: of the eight threads of a process five are left to others.
MAX_STREAMS: Final = 3

_streams: Final = threading.Semaphore(MAX_STREAMS)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its length in bytes is known before `pieces` yields them.

    `location` is the address of what it holds (PS3.18 10.4.3.3.5); empty where the part says that itself.
    """

    content_type: str
    length: int
    pieces: Callable[[], Iterable[bytes]]
    location: str = ""


@dataclass(frozen=True, slots=True)
class LaterPart:
    """A part that is made when it is its turn, so that its length is not known before."""

    content_type: str
    content: Iterable[bytes]
    location: str = ""


def is_small(parts: list[Part]) -> bool:
    """Whether the answer is put together in memory."""
    return sum(part.length for part in parts) <= IN_MEMORY_BYTES


def respond(parts: list[Part], form: Format, *, sent: Callable[[int], None]) -> HttpResponseBase:
    """The answer. A small one is read now, or OSError is raised; of others `sent` hears as their bytes leave."""
    is_streamed = not is_small(parts)
    read = partial(_counted, sent=sent) if is_streamed else _uncounted
    if form.is_multipart:
        boundary = secrets.token_hex(16)
        content_type = f'multipart/related; type="{form.media_type}"; boundary={boundary}'
        heads = [_head(boundary, part, is_first=index == 0) for index, part in enumerate(parts)]
        tail = f"\r\n--{boundary}--\r\n".encode()
        length = sum(map(len, heads)) + sum(part.length for part in parts) + len(tail)
        body: Iterable[bytes] = _multipart(parts, heads, tail, read)
    else:
        content_type = parts[0].content_type
        length = parts[0].length
        body = read(parts[0])
    response: HttpResponseBase
    if is_streamed:
        response = StreamingHttpResponse(body, content_type=content_type)
    else:
        response = HttpResponse(b"".join(body), content_type=content_type)
    response.headers["Content-Length"] = str(length)
    return response


def made_in_turn(parts: Iterator[LaterPart], media_type: str = "") -> HttpResponseBase:
    """Parts that are made as they are sent; `media_type` is that of the first where it is not named.

    The first is made now: what goes wrong with it can still be told. Raises Refused where too many such answers are
    under way, or there is no part.
    """
    if not _streams.acquire(blocking=False):
        raise Refused(503, problems.UNAVAILABLE, "Busy", "Too many answers are being made at the moment; ask again.")
    made = _released(parts)
    first = next(made, None)
    if first is None:
        raise not_acceptable("None of this can be made.")
    boundary = secrets.token_hex(16)
    kind = media_type or first.content_type.partition(";")[0]
    response = StreamingHttpResponse(
        _in_turn(chain([first], made), boundary), content_type=f'{MULTIPART}; type="{kind}"; boundary={boundary}'
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


def counted(content: Iterable[bytes], sent: Callable[[int], None]) -> Iterator[bytes]:
    """The pieces; `sent` hears as their bytes leave."""
    for piece in content:
        sent(len(piece))
        yield piece


def _in_turn(parts: Iterable[LaterPart], boundary: str) -> Iterator[bytes]:
    start = "--"
    for part in parts:
        yield f"{start}{boundary}\r\nContent-Type: {part.content_type}{_located(part)}\r\n\r\n".encode()
        yield from part.content
        start = "\r\n--"
    yield f"\r\n--{boundary}--\r\n".encode()


def _released(parts: Iterator[LaterPart]) -> Iterator[LaterPart]:
    """The parts; the place among the streams is free when they end, in whatever way."""
    try:
        yield from parts
    finally:
        _streams.release()


def _multipart(
    parts: list[Part], heads: list[bytes], tail: bytes, read: Callable[[Part], Iterable[bytes]]
) -> Iterator[bytes]:
    for head, part in zip(heads, parts, strict=True):
        yield head
        yield from read(part)
    yield tail


def _uncounted(part: Part) -> Iterable[bytes]:
    return part.pieces()


def _counted(part: Part, *, sent: Callable[[int], None]) -> Iterator[bytes]:
    return counted(part.pieces(), sent)


def _head(boundary: str, part: Part, *, is_first: bool) -> bytes:
    # Some viewers look for the boundary at the very start, so no empty line stands before the first.
    start = "" if is_first else "\r\n"
    fields = f"Content-Type: {part.content_type}{_located(part)}\r\nContent-Length: {part.length}"
    return f"{start}--{boundary}\r\n{fields}\r\n\r\n".encode()


def _located(part: Part | LaterPart) -> str:
    return f"\r\nContent-Location: {part.location}" if part.location else ""
