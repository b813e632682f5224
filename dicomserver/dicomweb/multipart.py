"""Answers made of parts (multipart/related, RFC 2387): sent at once when small, piece by piece when not."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from dicomserver.dicomweb.media import Format

# Below this an answer is put together in memory: cheaper than piece by piece. Many of them may wait for slow readers.
IN_MEMORY_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its length in bytes is known before `read` yields them."""

    content_type: str
    length: int
    read: Callable[[], Iterable[bytes]]


def respond(parts: list[Part], form: Format, *, sent: Callable[[int], None]) -> HttpResponseBase:
    """The answer; `sent` hears of the parts' bytes as they leave."""
    if form.is_multipart:
        boundary = secrets.token_hex(16)
        content_type = f'multipart/related; type="{form.media_type}"; boundary={boundary}'
        heads = [_head(boundary, part, is_first=index == 0) for index, part in enumerate(parts)]
        tail = f"\r\n--{boundary}--\r\n".encode()
        length = sum(map(len, heads)) + sum(part.length for part in parts) + len(tail)
        body = _multipart(parts, heads, tail, sent)
    else:
        content_type = parts[0].content_type
        length = parts[0].length
        body = _counted(parts[0], sent)
    response: HttpResponseBase
    if length <= IN_MEMORY_BYTES:
        response = HttpResponse(b"".join(body), content_type=content_type)
    else:
        response = StreamingHttpResponse(body, content_type=content_type)
    response.headers["Content-Length"] = str(length)
    return response


def _multipart(parts: list[Part], heads: list[bytes], tail: bytes, sent: Callable[[int], None]) -> Iterator[bytes]:
    for head, part in zip(heads, parts, strict=True):
        yield head
        yield from _counted(part, sent)
    yield tail


def _counted(part: Part, sent: Callable[[int], None]) -> Iterator[bytes]:
    for piece in part.read():
        sent(len(piece))
        yield piece


def _head(boundary: str, part: Part, *, is_first: bool) -> bytes:
    # Some viewers look for the boundary at the very start, so no empty line stands before the first.
    start = "" if is_first else "\r\n"
    return f"{start}--{boundary}\r\nContent-Type: {part.content_type}\r\nContent-Length: {part.length}\r\n\r\n".encode()
