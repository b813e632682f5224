"""Reads the body of a request in pieces, and says whose sender keeps everybody waiting.

A read cannot be given up: the server in front of Django stands still when a request is answered while one of its reads
waits. So each read is made by the thread that answers, and ends with the connection: see `silence`.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final

from dicomserver.dicomweb.storing.silence import waiting_for_sender

PIECE_BYTES: Final = 256 * 1024
# So much a refused sender is let go on sending: who sends first and listens afterwards would else hear nothing.
DRAIN_BYTES: Final = 512 * 1024 * 1024
DRAIN_SECONDS: Final = 5.0


class BodyTruncated(Exception):
    """The sender went away, fell silent for too long, or sent less than it announced."""


class Body:
    """The body of one request. `read(size)` blocks until there are so many bytes, or all that will ever come."""

    def __init__(self, read: Callable[[int], bytes], length: int | None) -> None:
        """`length` is the announced one; None where the end is marked in the stream itself."""
        self._read = read
        self._length = length
        self._received = 0
        self._has_ended = False

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they come; all but the last piece have PIECE_BYTES. Raises BodyTruncated."""
        while piece := self._next():
            yield piece

    def drain(self) -> None:
        """Read on for a while and keep nothing. Raises BodyTruncated."""
        until = time.monotonic() + DRAIN_SECONDS
        most = self._received + DRAIN_BYTES
        while self._next() and self._received < most and time.monotonic() < until:
            pass

    def _next(self) -> bytes:
        if self._has_ended or self._received == self._length:
            return b""
        try:
            with waiting_for_sender():
                piece = self._read(PIECE_BYTES)
        except OSError as error:
            self._has_ended = True
            raise BodyTruncated("The body cannot be read to its end.") from error
        self._received += len(piece)
        if not piece:
            self._has_ended = True
            if self._length is not None:
                raise BodyTruncated("The body is shorter than its Content-Length.")
        return piece
