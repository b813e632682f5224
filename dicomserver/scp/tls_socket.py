"""A TLS connection on which one thread reads while another writes, which OpenSSL's does not allow by itself."""

import select
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Final

# How often who waits looks whether the connection was closed under it.
LOOK_SECONDS: Final = 1.0


class TlsSocket(ssl.SSLSocket):
    """The connection never blocks inside OpenSSL; who has to wait does so outside the lock, for `patience` seconds."""

    def prepare(self, patience: float, handshake_seconds: float) -> None:
        """To be called once, before the handshake, which has its own time."""
        self._turn = threading.Lock()
        self._patience = patience
        self._handshake_seconds = handshake_seconds
        self.settimeout(0)

    def do_handshake(self, block: bool = False) -> None:
        """Agree with the peer. Raises OSError, of which ssl.SSLError is one."""
        self._patiently(lambda: super(TlsSocket, self).do_handshake(block), self._handshake_seconds)

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002 - the parent's name
        """Read at most so many bytes; all other ways to receive come through here. Raises OSError."""
        return self._patiently(lambda: super(TlsSocket, self).read(len, buffer))

    def send(self, data: Any, flags: int = 0) -> int:
        """Send some of the bytes; `sendall` comes through here. Raises OSError."""
        return int(self._patiently(lambda: self._send(data, flags)))

    def shutdown(self, how: int) -> None:
        """End both ways, or one; what is sent afterwards must not go out as plain text."""
        with self._turn:
            super().shutdown(how)

    def _send(self, data: Any, flags: int) -> int:
        if getattr(self, "_sslobj", None) is None:
            raise ValueError("The connection is closed.")
        return super().send(data, flags)

    def _patiently(self, act: Callable[[], Any], seconds: float | None = None) -> Any:
        deadline = time.monotonic() + (self._patience if seconds is None else seconds)
        while True:
            try:
                with self._turn:
                    return act()
            except ssl.SSLWantReadError:
                awaited = select.POLLIN
            except ssl.SSLWantWriteError:
                awaited = select.POLLOUT
            except ssl.SSLError:
                # One of them is a ValueError too.
                raise
            except ValueError as error:
                raise OSError("The connection is closed.") from error
            self._wait(awaited, deadline)

    def _wait(self, awaited: int, deadline: float) -> None:
        while time.monotonic() < deadline:
            descriptor = self.fileno()
            if descriptor < 0:
                raise OSError("The connection is closed.")
            poll = select.poll()
            poll.register(descriptor, awaited)
            if poll.poll(LOOK_SECONDS * 1000):
                return
        raise TimeoutError("The peer takes too long.")
