"""Reads the body of a request from a DICOM Server without ever holding more than its bound."""

from typing import Final

from django.http import HttpRequest
from rest_framework import status

from portal.accounts.problems import ProblemError
from wire.problems import BODY_TOO_LARGE, REQUEST_INVALID

_KEPT: Final = "_bounded_body"
_CHUNK: Final = 64 * 1024


def bounded_body(request: HttpRequest, limit: int) -> bytes:
    """Return the whole body, read once. Raises ProblemError 413 before reading what says it is too large."""
    kept: bytes | None = getattr(request, _KEPT, None)
    if kept is None:
        refuse_large(request, limit)
        kept = _read(request, limit)
        setattr(request, _KEPT, kept)
    return kept


def refuse_large(request: HttpRequest, limit: int) -> None:
    """Raise ProblemError 413 for a Content-Length beyond `limit`, 400 for one that is no number."""
    stated = request.META.get("CONTENT_LENGTH") or "0"
    # Only ASCII digits: int() would also take signs, spaces and underscores.
    if not (stated.isascii() and stated.isdigit()):
        raise ProblemError(status.HTTP_400_BAD_REQUEST, REQUEST_INVALID, "Content-Length is not a number.")
    if len(stated) > 12 or int(stated) > limit:
        raise _too_large(limit)


def _read(request: HttpRequest, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    # One byte beyond the limit is asked for, so that a stream that never says its length is noticed.
    while chunk := request.read(min(_CHUNK, limit + 1 - size)):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
    return b"".join(chunks)


def _too_large(limit: int) -> ProblemError:
    return ProblemError(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, BODY_TOO_LARGE, f"At most {limit} bytes are taken.")
