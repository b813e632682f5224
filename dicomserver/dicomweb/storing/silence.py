"""Knows which senders are slow, and ends the connections of those that have fallen silent.

Nothing else does: the server in front of Django has no time-out for bodies, and a sender that lost its power in
mid-body would hold a thread for ever.
"""

import contextlib
import fcntl
import logging
import os
import socket
import stat
import struct
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

# A sender for whose next piece one waits so long is slow.
SLOW_SECONDS: Final = 2.0
# A connection on which nothing moved for so long, while a piece is waited for, is ended.
SILENT_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 5.0

# struct tcp_info of linux/tcp.h: unacknowledged segments, and milliseconds since data were sent and received.
_TCP_INFO_BYTES: Final = 104
_UNACKED, _LAST_DATA_SENT, _LAST_DATA_RECV = 24, 44, 52

_lock: Final = threading.Lock()
_waiting: Final[dict[int, float]] = {}
_watchers: Final[list[threading.Thread]] = []


@contextlib.contextmanager
def waiting_for_sender() -> Iterator[None]:
    """Around a read that lasts until the sender has sent the next piece."""
    with _lock:
        _waiting[threading.get_ident()] = time.monotonic()
        if not _watchers:
            _watchers.append(threading.Thread(target=_watch, name="silence-watch", daemon=True))
            _watchers[0].start()
    try:
        yield
    finally:
        with _lock:
            del _waiting[threading.get_ident()]


def slow_senders(seconds: float | None = None) -> int:
    """For how many senders one has waited so long, SLOW_SECONDS where not said."""
    horizon = time.monotonic() - (SLOW_SECONDS if seconds is None else seconds)
    with _lock:
        return sum(since < horizon for since in _waiting.values())


def _watch() -> None:
    while True:
        time.sleep(LOOK_SECONDS)
        try:
            if slow_senders(SILENT_SECONDS):
                ended = end_silent_connections(SILENT_SECONDS)
                logger.warning("Ended %d connections on which nothing moved", ended)
        except Exception:
            # Without this thread, silent senders would stay for ever.
            logger.exception("Silent connections could not be ended")


def end_silent_connections(seconds: float) -> int:
    """End this process's connections on which nothing was sent or received for so long; returns how many.

    Which of them a request waits for is not known in here; those between two requests may be ended as well.
    """
    sockets = [descriptor for descriptor in _descriptors() if _is_tcp(descriptor)]
    ports = {port for descriptor in sockets if (port := _listening_port(descriptor))}
    return sum(_end_if_silent(descriptor, ports, seconds) for descriptor in sockets)


def _descriptors() -> list[int]:
    return [int(entry.name) for entry in Path("/dev/fd").iterdir()]


def _is_tcp(descriptor: int) -> bool:
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            with _opened(descriptor) as found:
                return found.family in {socket.AF_INET, socket.AF_INET6} and found.type == socket.SOCK_STREAM
    return False


def _opened(descriptor: int) -> socket.socket:
    return socket.socket(fileno=os.dup(descriptor))


def _listening_port(descriptor: int) -> int | None:
    with contextlib.suppress(OSError), _opened(descriptor) as found:
        if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return int(found.getsockname()[1])
    return None


def _end_if_silent(descriptor: int, ports: set[int], seconds: float) -> bool:
    # It may have been closed meanwhile, or be none that is connected.
    with contextlib.suppress(OSError), _opened(descriptor) as found:
        found.getpeername()
        if found.getsockname()[1] in ports and _silent_seconds(found) >= seconds:
            found.shutdown(socket.SHUT_RDWR)
            return True
    return False


def _silent_seconds(connection: socket.socket) -> float:
    """How long nothing was sent or received; 0 where something is still on its way out."""
    unsent = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    (unacked,) = struct.unpack_from("=L", info, _UNACKED)
    if unsent or unacked:
        return 0.0
    sent, received = (struct.unpack_from("=L", info, offset)[0] for offset in (_LAST_DATA_SENT, _LAST_DATA_RECV))
    return float(min(sent, received)) / 1000
