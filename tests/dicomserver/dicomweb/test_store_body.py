"""The body of a request alone: its pieces, its end; and senders that are slow or silent."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO

import pytest

from dicomserver.dicomweb.storing import body as body_module
from dicomserver.dicomweb.storing.body import PIECE_BYTES, Body, BodyTruncated
from dicomserver.dicomweb.storing.silence import end_silent_connections, slow_senders


@pytest.mark.parametrize("length", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, 7 * PIECE_BYTES + 5])
@pytest.mark.parametrize("is_announced", [True, False])
def test_all_bytes_come_in_order(length: int, is_announced: bool) -> None:
    content = bytes(range(256)) * (length // 256) + b"x" * (length % 256)
    body = Body(BytesIO(content).read, length if is_announced else None)
    assert b"".join(body.pieces()) == content
    assert list(body.pieces()) == []


def test_nothing_is_read_behind_what_was_announced() -> None:
    stream = BytesIO(b"x" * 2 * PIECE_BYTES)
    assert len(b"".join(Body(stream.read, PIECE_BYTES).pieces())) == PIECE_BYTES
    assert stream.tell() == PIECE_BYTES


@pytest.mark.parametrize("content", [b"", b"x" * 10, b"x" * PIECE_BYTES])
def test_a_body_shorter_than_announced_is_truncated(content: bytes) -> None:
    body = Body(BytesIO(content).read, len(content) + 1)
    received = []
    with pytest.raises(BodyTruncated):
        received.extend(body.pieces())
    assert b"".join(received) == content
    assert list(body.pieces()) == []


def test_what_the_server_raises_ends_the_body() -> None:
    def fail(size: int) -> bytes:
        raise ConnectionResetError

    body = Body(fail, None)
    with pytest.raises(BodyTruncated):
        list(body.pieces())
    body.drain()


def test_draining_ends_with_the_body_its_share_or_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = BytesIO(b"x" * 20 * PIECE_BYTES)
    body = Body(stream.read, None)
    next(body.pieces())
    body.drain()
    assert stream.tell() == 20 * PIECE_BYTES
    monkeypatch.setattr(body_module, "DRAIN_BYTES", 3 * PIECE_BYTES)
    sizes: list[int] = []
    Body(lambda size: sizes.append(size) or b"x" * size, None).drain()  # type: ignore[func-returns-value]
    assert sizes == [PIECE_BYTES] * 3
    monkeypatch.setattr(body_module, "DRAIN_SECONDS", 0.0)
    Body(lambda size: sizes.append(size) or b"x" * size, None).drain()  # type: ignore[func-returns-value]
    assert len(sizes) == 4


def test_a_sender_is_slow_while_one_waits_for_it() -> None:
    come = threading.Event()

    def read(size: int) -> bytes:
        come.wait(10)
        return b""

    reader = threading.Thread(target=lambda: list(Body(read, None).pieces()))
    reader.start()
    deadline = time.monotonic() + 5
    while not slow_senders(0.05) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (slow_senders(0.05), slow_senders(60)) == (1, 0)
    come.set()
    reader.join(5)
    assert slow_senders(0) == 0


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


def test_connections_on_which_nothing_moves_are_ended_and_no_others(listener: socket.socket) -> None:
    with ExitStack() as stack:

        def connected() -> tuple[socket.socket, socket.socket]:
            client = stack.enter_context(socket.create_connection(listener.getsockname()))
            served = stack.enter_context(listener.accept()[0])
            client.settimeout(5)
            served.settimeout(5)
            return client, served

        silent, sending, receiving, stuck = connected(), connected(), connected(), connected()
        silent[0].sendall(b"a beginning")
        stuck[1].setblocking(False)
        while True:
            # Its peer does not read: what is on its way counts as movement.
            try:
                stuck[1].send(bytes(65536))
            except BlockingIOError:
                break
        time.sleep(0.4)
        sending[0].sendall(b"x")
        receiving[1].sendall(b"x")
        assert end_silent_connections(60) == 0
        assert end_silent_connections(0.3) == 1
        assert silent[1].recv(100) == b"a beginning"
        assert silent[1].recv(100) == b""
        assert silent[0].recv(100) == b""
        sending[0].sendall(b"y")
        receiving[1].sendall(b"y")
        assert (sending[1].recv(1), sending[1].recv(1)) == (b"x", b"y")
        assert (receiving[0].recv(1), receiving[0].recv(1)) == (b"x", b"y")
