"""Listens for MLLP: a block begins with VT and ends with FS CR (HL7 2.5, Appendix C.4); each is answered with one."""

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

logger = logging.getLogger(__name__)

START: Final = b"\x0b"
END: Final = b"\x1c\r"
MAX_MESSAGE_BYTES: Final = 1024 * 1024
# What a peer may send that is no block, such as line ends between blocks.
MAX_JUNK_BYTES: Final = 1024
MAX_CONNECTIONS: Final = 64
MAX_CONNECTIONS_OF_A_PEER: Final = 16
# A connection is kept for the next message; a message that has begun must come soon.
IDLE_SECONDS: Final = 600.0
MESSAGE_SECONDS: Final = 30.0
SEND_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.5
_CHUNK: Final = 65536

Handle = Callable[[bytes, str], bytes]


class PeerMisbehaves(Exception):
    """The peer sends too much, too slowly, or no MLLP: the connection ends. The text says which."""


class Listener:
    """Accepts connections from some networks, each served by a thread of its own."""

    def __init__(
        self,
        address: tuple[str, int],
        allowed: Sequence[str],
        handle: Handle,
        *,
        on_end: Callable[[], object] = lambda: None,
        message_seconds: float = MESSAGE_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`on_end` is called in a connection's thread after each message.

        Raises OSError, and ValueError for an `allowed` that is no network.
        """
        self._allowed = [ipaddress.ip_network(network) for network in allowed]
        self._handle = handle
        self._on_end = on_end
        self._message_seconds, self._idle_seconds = message_seconds, idle_seconds
        self._socket = socket.create_server(address, backlog=64)
        self._socket.settimeout(_LOOK_SECONDS)
        self._is_stopping = threading.Event()
        self._lock = threading.Lock()
        self._peers: list[str] = []
        self._threads: set[threading.Thread] = set()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._socket.getsockname()[1]
        return port

    def run(self) -> None:
        """Accept connections until `stop`."""
        while not self._is_stopping.is_set():
            try:
                connection, (peer, *_) = self._socket.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if not self._is_stopping.is_set():
                    logger.warning("No connection can be accepted: %s", error.strerror)
                    time.sleep(_LOOK_SECONDS)
                continue
            if not self._let_in(peer):
                connection.close()
                continue
            thread = threading.Thread(target=self._serve, args=(connection, peer), name=f"hl7-{peer}", daemon=True)
            with self._lock:
                self._threads.add(thread)
            thread.start()
        self._socket.close()

    def stop(self, seconds: float = 5.0) -> None:
        """Accept no more; what is being carried out is answered, for so many seconds at most."""
        self._is_stopping.set()
        deadline = time.monotonic() + seconds
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _let_in(self, peer: str) -> bool:
        address = ipaddress.ip_address(peer.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if not any(mapped in network for network in self._allowed):
            logger.warning("A stranger was turned away", extra={"remote_address": peer})
            return False
        with self._lock:
            if len(self._peers) >= MAX_CONNECTIONS or self._peers.count(peer) >= MAX_CONNECTIONS_OF_A_PEER:
                logger.warning("There are too many connections", extra={"remote_address": peer})
                return False
            self._peers.append(peer)
        return True

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            with connection:
                for message in self._messages(connection):
                    answer = self._handle(message, peer)
                    connection.settimeout(SEND_SECONDS)
                    connection.sendall(START + answer + END)
                    self._on_end()
        except PeerMisbehaves as error:
            logger.warning("A connection was ended: %s", error, extra={"remote_address": peer})
        except OSError as error:
            logger.info("A connection ended: %s", type(error).__name__, extra={"remote_address": peer})
        finally:
            with suppress(Exception):
                self._on_end()
            with self._lock:
                self._peers.remove(peer)
                self._threads.discard(threading.current_thread())

    def _messages(self, connection: socket.socket) -> Iterator[bytes]:
        """The messages of a connection, until it ends. Raises PeerMisbehaves and OSError."""
        connection.settimeout(_LOOK_SECONDS)
        held = bytearray()
        began = time.monotonic()
        while not self._is_stopping.is_set():
            message = _block(held)
            if message is not None:
                yield message
                connection.settimeout(_LOOK_SECONDS)
                began = time.monotonic()
                continue
            patience = self._message_seconds if held else self._idle_seconds
            if time.monotonic() - began > patience:
                raise PeerMisbehaves("a message did not come to its end" if held else "nothing came for a while")
            was_empty = not held
            with suppress(TimeoutError):
                chunk = connection.recv(_CHUNK)
                if not chunk:
                    return
                held += chunk
                if was_empty:
                    began = time.monotonic()


def _block(held: bytearray) -> bytes | None:
    """Take the first whole block out of what came; None where there is none yet. Raises PeerMisbehaves."""
    start = held.find(START)
    if start < 0:
        if len(held) > MAX_JUNK_BYTES:
            raise PeerMisbehaves("it does not speak MLLP")
        return None
    if start > MAX_JUNK_BYTES:
        raise PeerMisbehaves("it does not speak MLLP")
    end = held.find(END, start)
    if (end if end >= 0 else len(held)) - start > MAX_MESSAGE_BYTES:
        raise PeerMisbehaves(f"a message has more than {MAX_MESSAGE_BYTES} bytes")
    if end < 0:
        return None
    message = bytes(held[start + len(START) : end])
    del held[: end + len(END)]
    return message
