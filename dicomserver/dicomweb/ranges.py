"""Parts of an answer by Range (RFC 9110 14): one range of bytes, as players of video ask for it."""

import re
from typing import Final

from django.http import HttpRequest

from dicomserver.index.frames import Span

_RANGE: Final = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


class Unsatisfiable(ValueError):
    """The range begins behind the end."""


def wanted_range(request: HttpRequest, etag: str, length: int) -> Span | None:
    """Offset and length of what is asked for; None for all of it, also where more than one range is asked for.

    Raises Unsatisfiable.
    """
    found = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if request.method == "POST" or found is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last, from_end = found.groups()
    start = max(0, length - int(from_end)) if from_end else int(first)
    end = min(int(last), length - 1) if last else length - 1
    if start >= length or (last and int(last) < start):
        raise Unsatisfiable
    return start, end - start + 1


def within(spans: tuple[Span, ...], start: int, length: int) -> tuple[Span, ...]:
    """The part of the regions, taken one after the other, that begins at `start`."""
    found = []
    for offset, size in spans:
        skipped = min(start, size)
        taken = min(size - skipped, length)
        if taken:
            found.append((offset + skipped, taken))
        start -= skipped
        length -= taken
    return tuple(found)
