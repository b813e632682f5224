"""Peers that are slow on purpose: a PDU, a data set and an answer each have their time, and then the peer is ended."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from dicomserver.archive import Archive
from dicomserver.scp.server import ScpServer
from fuzz import pdus
from tests.dicomserver.scp.hostile import (
    ENDED_WITHIN_SECONDS,
    Peer,
    assert_a_good_sender_is_served,
    assert_nothing_is_left,
    held_by,
)

STORE = pdus.command(pdus.store_request())
HALF = pdus.data_set(bytes(10_000), is_last=False)


@pytest.mark.parametrize(
    ("slowly", "at_once"),
    [
        pytest.param(pdus.associate_request(), b"", id="request"),
        pytest.param(STORE, pdus.associate_request(), id="command"),
        pytest.param(HALF, pdus.associate_request() + STORE, id="data set"),
        pytest.param(pdus.RELEASE * 20, pdus.associate_request() + STORE + HALF + b"\x04", id="header"),
    ],
)
def test_a_pdu_that_comes_byte_by_byte_is_not_waited_for(
    impatient: ScpServer, archive: Archive, slowly: bytes, at_once: bytes
) -> None:
    before = held_by(os.getpid())
    with Peer(impatient.port) as peer:
        peer.send(at_once)
        with trickle(peer, [slowly[number : number + 1] for number in range(len(slowly))]):
            assert_a_good_sender_is_served(impatient.port)
            assert peer.is_ended(ENDED_WITHIN_SECONDS)
    assert_nothing_is_left(before, archive)


def test_a_data_set_that_comes_byte_by_byte_in_whole_pdus_is_not_waited_for(
    impatient: ScpServer, archive: Archive
) -> None:
    before = held_by(os.getpid())
    with Peer(impatient.port) as peer:
        assert peer.associate() == pdus.ASSOCIATE_AC
        peer.send(STORE)
        with trickle(peer, [pdus.data_set(b"\0", is_last=False)] * 1000):
            assert_a_good_sender_is_served(impatient.port)
            assert peer.is_ended(ENDED_WITHIN_SECONDS)
    assert_nothing_is_left(before, archive)


def test_a_peer_that_takes_no_answers_is_not_waited_for(impatient: ScpServer, archive: Archive) -> None:
    before = held_by(os.getpid())
    with Peer(impatient.port, timeout=0.5) as peer:
        peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        assert peer.associate() == pdus.ASSOCIATE_AC
        echo = pdus.command(pdus.request(pdus.C_ECHO_RQ, sop_class_uid=pdus.VERIFICATION), context_id=3)
        peer.send(*[echo * 100] * 1000)
        assert_a_good_sender_is_served(impatient.port)
        # What was answered until then is still in the buffers, so the end shows on the server's side first.
    assert_nothing_is_left(before, archive)


def test_connections_that_ask_for_nothing_do_not_keep_a_sender_out(start_scp: Callable[..., ScpServer]) -> None:
    server = start_scp(maximum_associations=8)
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(Peer(server.port))
        assert_a_good_sender_is_served(server.port)


@contextmanager
def trickle(peer: Peer, parts: list[bytes]) -> Iterator[None]:
    """Send the parts with pauses, from another thread, until the block ends."""
    stop = threading.Event()

    def run() -> None:
        for part in parts:
            peer.send(part)
            if stop.wait(0.1):
                return

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join()
