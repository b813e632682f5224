"""The connection to another machine: whole PDUs (PS3.8 9.3), each in bounded time and bounded memory."""

import contextlib
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import Final

from dicomserver.scu.errors import ConnectionLost, PeerUnreachable
from dicomserver.scu.peers import Listener, Timeouts
from dicomserver.tls import TlsError, client_context

# What this server announces as the longest P-DATA that it takes, and what it sends where the other one takes any.
MAX_PDU_BYTES: Final = 128 * 1024
# Longer ones are no answer to anything that is asked here.
_MAX_RECEIVED_BYTES: Final = 4 * 1024 * 1024
_HEADER: Final = struct.Struct(">BxL")
_HAS_QUICK_ACK: Final = hasattr(socket, "TCP_QUICKACK")
# How often somebody who waits is called while nothing comes.
WAIT_SECONDS: Final = 1.0


class Transport:
    """A connected socket. Every method raises ConnectionLost where the other side goes away or is too slow."""

    def __init__(self, peer: Listener, timeouts: Timeouts) -> None:
        """Connect. Raises PeerUnreachable."""
        self._seconds = timeouts.response
        self.on_wait: Callable[[], None] = _nothing
        try:
            connection = socket.create_connection((peer.host, peer.port), timeout=timeouts.connect)
        except (OSError, UnicodeError, OverflowError) as error:
            raise PeerUnreachable(f"The machine cannot be reached: {_words(error)}.") from error
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if peer.uses_tls:
                connection = client_context().wrap_socket(connection, server_hostname=peer.host)
            self.remote_address = str(connection.getpeername()[0])
        except (OSError, ValueError, TlsError) as error:
            connection.close()
            raise PeerUnreachable(f"No secure connection can be made: {_words(error)}.") from error
        self._socket = connection

    def send(self, data: bytes | bytearray) -> None:
        """Send all of it."""
        try:
            self._socket.settimeout(self._seconds)
            self._socket.sendall(data)
        except OSError as error:
            raise ConnectionLost(f"The connection ended while something was sent: {_words(error)}.") from error

    def receive(self, seconds: float | None = None) -> tuple[int, bytes]:
        """The next PDU, whole, and its type; `on_wait` is called each second while nothing of it comes."""
        deadline = time.monotonic() + (self._seconds if seconds is None else seconds)
        head = self._read(_HEADER.size, deadline)
        kind, length = _HEADER.unpack(head)
        if length > _MAX_RECEIVED_BYTES:
            raise ConnectionLost("The machine sends more than any answer has.")
        return kind, head + self._read(length, deadline)

    def has_news(self, seconds: float) -> bool:
        """Wait so long for something to read, the end of the connection too; whether there is something."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        """Let go of the connection; harmless to repeat."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self, size: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ConnectionLost("The machine does not answer.")
            try:
                self._socket.settimeout(min(left, WAIT_SECONDS))
                piece = self._socket.recv(size - len(data))
                if _HAS_QUICK_ACK:
                    # An archive with Nagle's algorithm that sends by C-GET waits for it, 40 ms an instance; the
                    # option is not sticky.
                    self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            except TimeoutError:
                self.on_wait()
                continue
            except OSError as error:
                raise ConnectionLost(f"The connection ended: {_words(error)}.") from error
            if not piece:
                raise ConnectionLost("The machine closed the connection.")
            data += piece
        return bytes(data)


def _words(error: Exception) -> str:
    """What the operating system or OpenSSL says, in one line and without addresses."""
    if isinstance(error, TlsError):
        return "this server's own set-up for TLS is wrong, as its log says"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused, {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS error").replace("_", " ").lower()
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return (getattr(error, "strerror", None) or type(error).__name__).lower()


def _nothing() -> None:
    return None
