"""The waiting room of connections, where descriptors run out."""

import errno
import socket
from typing import Any

import pytest

from dicomserver.scp import lobby as rooms
from dicomserver.scp.lobby import Lobby


class Door:
    """A listening socket that, once told so, has no descriptor left for whoever comes."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.is_out = False

    def accept(self) -> tuple[socket.socket, Any]:
        """As a socket does."""
        if self.is_out:
            raise OSError(errno.EMFILE, "Too many open files")
        return self.listener.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.listener, name)


def test_who_speaks_in_the_moment_of_being_dismissed_ends_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "PAUSE_SECONDS", 0)
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        door = Door(listener)
        lobby = Lobby([(door, taken.append)], silent_seconds=60)  # type: ignore[list-item]
        with socket.create_connection(listener.getsockname()) as first:
            lobby.turn()
            door.is_out = True
            with socket.create_connection(listener.getsockname()):
                first.sendall(b"\x01")
                # One look finds both: somebody at the door, for whom the first has to go, and the first's word.
                lobby.turn()
                assert taken == []
                with pytest.raises(ConnectionResetError):
                    first.recv(1)
        lobby.close()
