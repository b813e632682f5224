"""The connection to another machine, seen from the socket."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from dicomserver.scu.peers import Timeouts
from dicomserver.scu.transport import Transport

PDU = bytes([4, 0, 0, 0, 0, 4]) + b"data"


@dataclass(frozen=True)
class Machine:
    """A machine that listens."""

    port: int
    ae_title: str = "MACHINE"
    host: str = "127.0.0.1"
    uses_tls: bool = False


@pytest.fixture
def connected() -> Iterator[tuple[Transport, socket.socket]]:
    """A connection, and the other machine's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport = Transport(Machine(listener.getsockname()[1]), Timeouts(5, 5, 5))
        other, _ = listener.accept()
        with other:
            yield transport, other
        transport.close()


def is_acknowledging_at_once(transport: Transport) -> bool:
    return bool(transport._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK))


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux lets a program choose")
def test_a_sender_with_nagles_algorithm_is_not_kept_waiting_for_acknowledgements(
    connected: tuple[Transport, socket.socket],
) -> None:
    transport, other = connected
    # Who answers what comes is taken for one who acknowledges with the answer, after 40 ms.
    for _ in range(3):
        other.sendall(PDU)
        assert transport.receive() == (4, PDU)
        assert is_acknowledging_at_once(transport)
        transport.send(PDU)
