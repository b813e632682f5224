"""Accepts connections and keeps them until they ask for something: until then they cost a descriptor."""

import contextlib
import errno
import logging
import resource
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

logger = logging.getLogger(__name__)

# Beyond so many the one that has been silent for longest has to go.
MAX_SILENT: Final = 1000
# Without a free descriptor nothing can be accepted, and trying at once again helps nobody.
PAUSE_SECONDS: Final = 0.1
LOOK_SECONDS: Final = 1.0
_OUT_OF_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


Take = Callable[[socket.socket], None]


class Lobby:
    """The waiting room of some listening sockets."""

    def __init__(self, doors: Iterable[tuple[socket.socket, Take]], silent_seconds: float) -> None:
        """A connection is given to its door's `Take` when it says something, which must be within so many seconds."""
        self._listeners: list[socket.socket] = []
        self._silent_seconds = silent_seconds
        self._selector = selectors.DefaultSelector()
        self._silent: dict[socket.socket, float] = {}
        for listener, take in doors:
            listener.setblocking(False)
            self._listeners.append(listener)
            self.watch(listener, partial(self._accept, listener, take))

    def watch(self, file: Any, react: Callable[[], object]) -> None:
        """Call `react` whenever there is something to read."""
        self._selector.register(file, selectors.EVENT_READ, react)

    def forget(self, file: Any) -> None:
        """Watch no longer."""
        self._selector.unregister(file)

    def turn(self) -> None:
        """Wait for something to happen, a second at most, and react."""
        for key, _ in self._selector.select(timeout=LOOK_SECONDS):
            key.data()
        oldest = time.monotonic() - self._silent_seconds
        while self._silent:
            connection, since = next(iter(self._silent.items()))
            if since > oldest and len(self._silent) <= MAX_SILENT:
                return
            self._dismiss(connection)

    def close(self) -> None:
        """Accept no more, and let those go that have asked for nothing."""
        while self._silent:
            self._dismiss(next(iter(self._silent)))
        self._selector.close()
        for listener in self._listeners:
            listener.close()

    def _accept(self, listener: socket.socket, take: Take) -> None:
        try:
            connection, _ = listener.accept()
        except OSError as error:
            if error.errno in _OUT_OF_DESCRIPTORS:
                logger.warning("No connection can be accepted: %s", error.strerror)
                if self._silent:
                    self._dismiss(next(iter(self._silent)))
                time.sleep(PAUSE_SECONDS)
            return
        connection.setblocking(False)
        self._silent[connection] = time.monotonic()
        self.watch(connection, lambda: self._let_in(connection, take))

    def _let_in(self, connection: socket.socket, take: Take) -> None:
        if connection not in self._silent:
            # It spoke in the same moment in which it had to go for another.
            return
        self.forget(connection)
        del self._silent[connection]
        has_asked = False
        with contextlib.suppress(OSError):
            has_asked = bool(connection.recv(1, socket.MSG_PEEK))
        if has_asked:
            take(connection)
        else:
            # It went without a word.
            connection.close()

    def _dismiss(self, connection: socket.socket) -> None:
        self.forget(connection)
        del self._silent[connection]
        with contextlib.suppress(OSError):
            connection.close()


def allow_many_descriptors() -> None:
    """Take as many descriptors as this process is allowed to."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
