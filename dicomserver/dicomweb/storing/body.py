"""Reads the body of a request in pieces, in a thread of its own: a sender that falls silent holds up nobody."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

PIECE_BYTES: Final = 256 * 1024
# So many pieces are read ahead while earlier ones are hashed and written.
PIECES_AHEAD: Final = 4
# Less than a piece in this time is no transfer any more.
PIECE_SECONDS: Final = 60.0
DRAIN_BYTES: Final = 64 * 1024 * 1024
DRAIN_SECONDS: Final = 5.0


class BodyError(Exception):
    """The body cannot be read to its end."""


class BodyTruncated(BodyError):
    """The sender went away, or sent less than it announced."""


class BodyStalled(BodyError):
    """The sender is silent."""


class Body:
    """The body of one request. `read(size)` blocks until there are so many bytes, or all that will ever come.

    `ended` is called, once and from whichever thread, when nothing reads from the request any more: that may be
    after `close`, as a read that waits for the sender cannot be interrupted.
    """

    def __init__(self, read: Callable[[int], bytes], length: int | None, *, ended: Callable[[], None]) -> None:
        """`length` is the announced one; None where the end is marked in the stream itself."""
        self._read = read
        self._length = length
        self._ended = ended
        self._pieces: queue.SimpleQueue[bytes | BodyError] = queue.SimpleQueue()
        self._may_read = threading.Semaphore(PIECES_AHEAD)
        self._is_closed = False
        self._has_ended = False
        threading.Thread(target=self._pump, name="body-reader", daemon=True).start()

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they come. Raises BodyTruncated and BodyStalled."""
        while not self._has_ended:
            try:
                piece = self._pieces.get(timeout=PIECE_SECONDS)
            except queue.Empty as error:
                self._has_ended = True
                raise BodyStalled("The sender was silent for too long.") from error
            self._has_ended = not piece or isinstance(piece, BodyError)
            if isinstance(piece, BodyError):
                raise piece
            if piece:
                yield piece
                self._may_read.release()

    def drain(self) -> None:
        """Read on for a while and keep nothing: a sender that is still sending then hears the answer."""
        until = time.monotonic() + DRAIN_SECONDS
        drained = 0
        with contextlib.suppress(BodyError):
            for piece in self.pieces():
                drained += len(piece)
                if drained >= DRAIN_BYTES or time.monotonic() > until:
                    return

    def close(self) -> None:
        """Read no further; harmless to repeat."""
        self._is_closed = True
        self._may_read.release()

    def _pump(self) -> None:
        try:
            self._pump_all()
        except Exception as error:  # noqa: BLE001 - the edge of the thread; what the server raises is not defined
            self._pieces.put(BodyTruncated(type(error).__name__))
        finally:
            self._ended()

    def _pump_all(self) -> None:
        received = 0
        while received != self._length:
            self._may_read.acquire()
            if self._is_closed:
                return
            piece = self._read(PIECE_BYTES)
            if not piece:
                break
            received += len(piece)
            self._pieces.put(piece)
        if self._length is not None and received != self._length:
            self._pieces.put(BodyTruncated("The body is shorter than its Content-Length."))
        else:
            self._pieces.put(b"")
