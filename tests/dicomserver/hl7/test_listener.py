"""MLLP: many messages a connection, in any pieces, from known addresses, and an end to peers that misbehave."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from dicomserver.hl7 import listener as mllp
from dicomserver.hl7.listener import END, MAX_MESSAGE_BYTES, START, Listener


@pytest.fixture
def start() -> Iterator[Callable[..., Listener]]:
    running: list[tuple[Listener, threading.Thread]] = []

    def begin(allowed: tuple[str, ...] = ("127.0.0.0/8",), **options: float) -> Listener:
        def echo(message: bytes, _peer: str) -> bytes:
            return b"ACK " + message

        made = Listener(("127.0.0.1", 0), allowed, echo, **options)  # type: ignore[arg-type]
        thread = threading.Thread(target=made.run)
        thread.start()
        running.append((made, thread))
        return made

    yield begin
    for made, thread in running:
        made.stop()
        thread.join(5)


def connected(listener: Listener) -> socket.socket:
    return socket.create_connection(("127.0.0.1", listener.port), timeout=10)


def answer(connection: socket.socket) -> bytes:
    held = b""
    while not held.endswith(END):
        chunk = connection.recv(65536)
        if not chunk:
            return held
        held += chunk
    return held.removeprefix(START).removesuffix(END)


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_several_messages_go_over_one_connection(start: Callable[..., Listener]) -> None:
    with connected(start()) as connection:
        for number in range(3):
            connection.sendall(START + b"message %d" % number + END)
            assert answer(connection) == b"ACK message %d" % number


def test_messages_may_come_in_pieces_and_together(start: Callable[..., Listener]) -> None:
    with connected(start()) as connection:
        for byte in START + b"one" + END:
            connection.sendall(bytes([byte]))
        assert answer(connection) == b"ACK one"
        connection.sendall(b"\r\n" + START + b"two" + END + b"\n" + START + b"three" + END)
        assert answer(connection).split(END + START) == [b"ACK two", b"ACK three"] or answer(connection) == b"ACK three"


def test_a_stranger_is_turned_away(start: Callable[..., Listener]) -> None:
    with connected(start(allowed=("10.0.0.0/8",))) as connection:
        assert is_closed(connection)


@pytest.mark.parametrize("data", [b"x" * 2000, START + b"x" * (MAX_MESSAGE_BYTES + 1), b"GET / HTTP/1.1\r\n" * 100])
def test_too_much_or_no_mllp_ends_the_connection(start: Callable[..., Listener], data: bytes) -> None:
    with connected(start()) as connection:
        try:
            connection.sendall(data)
        except ConnectionError:
            return
        assert is_closed(connection)


def test_a_message_that_does_not_come_to_its_end_ends_the_connection(start: Callable[..., Listener]) -> None:
    with connected(start(message_seconds=0.3)) as connection:
        connection.sendall(START + b"half")
        assert is_closed(connection)


def test_a_slow_trickle_gains_no_time(start: Callable[..., Listener]) -> None:
    with connected(start(message_seconds=0.5)) as connection:
        connection.sendall(START)
        for _ in range(400):
            try:
                connection.sendall(b"x")
            except ConnectionError:
                return
            time.sleep(0.05)
    pytest.fail("The connection was kept for a peer that sends a byte now and then.")


def test_a_silent_connection_is_given_up(start: Callable[..., Listener]) -> None:
    with connected(start(idle_seconds=0.3)) as connection:
        assert is_closed(connection)


def test_one_peer_has_so_many_connections_at_most(
    start: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mllp, "MAX_CONNECTIONS_OF_A_PEER", 2)
    listener = start()
    with connected(listener) as first, connected(listener) as second:
        for connection in (first, second):
            connection.sendall(START + b"x" + END)
            assert answer(connection) == b"ACK x"
        with connected(listener) as third:
            assert is_closed(third)
