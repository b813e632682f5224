"""The connection of an association: read in large pieces, in bounded time, and watched without napping."""

import contextlib
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from pynetdicom.transport import AssociationSocket

from dicomserver.scp.tls_socket import TlsSocket

# Holds a few PDUs of the length that this server announces.
BUFFER_BYTES: Final = 512 * 1024
# No PDU is longer: the longest association request, of 128 contexts with all syntaxes, has some 300 kB.
MAX_RECEIVED_PDU_BYTES: Final = 4 * 1024 * 1024
# So many times the buffer is emptied at the end of an association.
MAX_DRAINED: Final = 64
HAS_QUICK_ACK: Final = hasattr(socket, "TCP_QUICKACK")


class BufferedSocket(AssociationSocket):
    """pynetdicom's socket with a buffer in front: what the receive loop did not take, pynetdicom reads."""

    def __init__(self, assoc: Any, connection: socket.socket, pdu_seconds: float) -> None:
        super().__init__(assoc, client_socket=connection)
        self._pdu_seconds = pdu_seconds
        self._acknowledges = HAS_QUICK_ACK and connection.family in (socket.AF_INET, socket.AF_INET6)
        self._buffer = bytearray()
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self._deadline = float("inf")
        # Closed at the end; its number may then be that of another file.
        self._waker_lock = threading.Lock()
        self._waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._waker, select.POLLIN)
        self._poll.register(connection, select.POLLIN)
        # PDUs of two threads must not be mixed.
        self._sending = threading.Lock()
        # Called before bytes that were handed out as views are overwritten.
        self.before_overwriting: Callable[[], None] = _nothing

    @property
    def available(self) -> int:
        """Bytes that are buffered."""
        return self._end - self._start

    @property
    def ready(self) -> bool:
        """Whether something can be read without waiting, the end of the connection too."""
        return self.socket is not None and self._is_readable(0)

    def wait(self, seconds: float) -> bool:
        """Sleep until there is something to read (True), or somebody calls `wake`, or the time is over."""
        connection = self.socket
        if connection is not None:
            return self._is_readable(seconds)
        # What is closed has nothing more to say; the state machine ends the association.
        self._poll.poll(seconds * 1000)
        self._quiet_waker()
        return False

    def wake(self) -> None:
        """End the `wait` of another thread."""
        with self._waker_lock:
            if self._waker >= 0:
                os.eventfd_write(self._waker, 1)

    def handshake(self) -> None:
        """Agree on TLS, where it is spoken here. Raises OSError."""
        if isinstance(self.socket, TlsSocket):
            self.socket.do_handshake()

    def begin_pdu(self) -> None:
        """The next PDU must be complete within the time that a PDU has."""
        self._deadline = time.monotonic() + self._pdu_seconds

    def peek_header(self) -> tuple[int, int] | None:
        """Type and length of the next PDU (PS3.8 9.3.1); None at the end of the connection."""
        if not self.require(6):
            return None
        kind, _, length = struct.unpack_from(">BBL", self._buffer, self._start)
        return kind, length

    def take_item_header(self) -> tuple[int, int, int] | None:
        """Length, context ID and control header of the next PDV item (PS3.8 9.3.5.1, E.2); None at the end."""
        if not self.require(6):
            return None
        length, context_id, control = struct.unpack_from(">LBB", self._buffer, self._start)
        self._start += 6
        return length, context_id, control

    def skip(self, size: int) -> None:
        """Drop buffered bytes."""
        self._start += size

    def take(self, limit: int) -> memoryview:
        """A view of buffered bytes, at most so many; they stay as they are until `before_overwriting`."""
        view = self._view[self._start : min(self._start + limit, self._end)]
        self._start += len(view)
        return view

    def require(self, size: int) -> bool:
        """Buffer at least so many bytes; False where the connection ends before. Raises OSError."""
        while self._end - self._start < size:
            if not self.fill():
                return False
        return True

    def fill(self) -> bool:
        """Wait for more bytes and buffer them; False at the end of the connection. Raises OSError."""
        connection = self.socket
        if connection is None:
            raise OSError("The connection is closed.")
        self.before_overwriting()
        if not self._buffer:
            self._buffer = bytearray(BUFFER_BYTES)
            self._view = memoryview(self._buffer)
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start:
            rest = self._end - self._start
            self._view[:rest] = bytes(self._view[self._start : self._end])
            self._start, self._end = 0, rest
        count = connection.recv_into(self._view[self._end :])
        if self._acknowledges:
            # A sender with Nagle's algorithm waits for it, 40 ms each time; the option is not sticky.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self._end += count
        if time.monotonic() > self._deadline:
            raise TimeoutError("The peer takes too long for a PDU.")
        return bool(count)

    def recv(self, nr_bytes: int) -> bytearray:
        """Read exactly so many bytes, fewer at the end of the connection: pynetdicom's way. Raises OSError."""
        if nr_bytes > MAX_RECEIVED_PDU_BYTES:
            raise OSError("The peer announces a longer PDU than this server takes.")
        data = bytearray()
        while len(data) < nr_bytes and (self.available or self.fill()):
            data += self.take(nr_bytes - len(data))
        return data

    def send(self, bytestream: bytes) -> None:
        """Send; where that fails, the state machine ends the association."""
        with contextlib.suppress(OSError):
            self.send_all(bytestream)

    def send_all(self, data: bytes) -> None:
        """Send the whole of one PDU, from any thread; waits while the peer does not read. Raises OSError."""
        with self._sending:
            connection = self.socket
            if connection is None:
                raise OSError("The connection is closed.")
            try:
                connection.sendall(data)
            except OSError:
                # What was sent is no whole PDU; nothing more may follow.
                self.event_queue.put("Evt17")
                self.wake()
                raise

    def drain(self) -> None:
        """Drop what has come by now, so that closing the connection does not reset it under our last words."""
        self._start = self._end = 0
        with contextlib.suppress(OSError):
            for _ in range(MAX_DRAINED):
                if not self.ready or not self.fill():
                    return
                self._start = self._end = 0

    def release(self) -> None:
        """Let go of what belongs to the connection, when nobody reads it any more."""
        self._shutdown_socket()
        with self._waker_lock:
            if self._waker >= 0:
                os.close(self._waker)
            self._waker = -1

    def _is_readable(self, seconds: float) -> bool:
        connection = self.socket
        if self.available or (isinstance(connection, TlsSocket) and connection.pending()):
            return True
        events = self._poll.poll(seconds * 1000)
        self._quiet_waker()
        return any(descriptor != self._waker for descriptor, _ in events)

    def _quiet_waker(self) -> None:
        with contextlib.suppress(OSError):
            os.eventfd_read(self._waker)

    def _shutdown_socket(self) -> None:
        """Close the connection also where the peer did first: pynetdicom then leaves it to the garbage collector."""
        connection = self.socket
        if connection is None:
            return
        with contextlib.suppress(KeyError, ValueError, OSError):
            self._poll.unregister(connection)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def _nothing() -> None:
    return None
