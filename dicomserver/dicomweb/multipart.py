"""Answers made of parts (multipart/related, RFC 2387): sent at once when small, piece by piece when not."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from dicomserver.dicomweb.media import Format

# Below this an answer is put together in memory: cheaper than piece by piece. Many of them may wait for slow readers.
IN_MEMORY_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its length in bytes is known before `pieces` yields them."""

    content_type: str
    length: int
    pieces: Callable[[], Iterable[bytes]]


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
    for piece in part.pieces():
        sent(len(piece))
        yield piece


def _head(boundary: str, part: Part, *, is_first: bool) -> bytes:
    # Some viewers look for the boundary at the very start, so no empty line stands before the first.
    start = "" if is_first else "\r\n"
    return f"{start}--{boundary}\r\nContent-Type: {part.content_type}\r\nContent-Length: {part.length}\r\n\r\n".encode()
