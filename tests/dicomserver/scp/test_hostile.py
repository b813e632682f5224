"""Hostile peers: each ends in bounded time, leaves nothing behind, and a good sender beside it notices nothing."""

import os
import struct
import time
from contextlib import ExitStack

import pytest

from dicomserver.archive import Archive
from dicomserver.index.models import Instance
from dicomserver.scp.server import ScpServer
from fuzz import pdus
from tests.dicomserver.objects import CT, IMPLICIT, encode, small_ct, stored_data_set
from tests.dicomserver.scp.hostile import (
    ENDED_WITHIN_SECONDS,
    GOOD_SENDER_SECONDS,
    Peer,
    assert_a_good_sender_is_served,
    assert_nothing_is_left,
    held_by,
    received_in_part,
    wait_for,
)

CONTEXTS_128 = [(CT, [f"1.2.840.10008.1.2.4.{number}" for number in range(100)])] * 128
STORE = pdus.command(pdus.store_request())
HALF = pdus.data_set(bytes(10_000), is_last=False)
CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(192))
FIRST_HALF = pdus.fragment(pdus.store_request()[:40], is_command=True, is_last=False)

BEFORE_ASSOCIATION = {
    "nothing": b"",
    "HTTP": b"GET / HTTP/1.1\r\nHost: server\r\n\r\n",
    "TLS": CLIENT_HELLO,
    "half a PDU header": b"\x01\x00\x00",
    "half a request": pdus.associate_request()[:60],
    "P-DATA": STORE,
    "a release": pdus.RELEASE,
    "an abort": pdus.ABORTED,
    "an unknown PDU": pdus.pdu(0x42, bytes(100)),
    "an answer instead of a request": pdus.pdu(pdus.ASSOCIATE_AC, pdus.associate_request()[6:]),
    "a request of 4 GB": pdus.pdu(pdus.ASSOCIATE_RQ, bytes(1000), announced=0xFFFFFFFF),
    "a request of 0 bytes": pdus.pdu(pdus.ASSOCIATE_RQ, b""),
    "a request that is cut": pdus.pdu(pdus.ASSOCIATE_RQ, pdus.associate_request()[6:200]),
    "an item beyond the request": pdus.associate_request(items=pdus.item(0x10, b"1.2.3", announced=0xFFFF)),
    "an item of 0 bytes": pdus.associate_request(items=pdus.item(0x20, b"")),
    "unknown items": pdus.associate_request(items=pdus.item(0x99, bytes(200)) * 50),
    "a user item beyond its own": pdus.associate_request(items=pdus.item(0x50, pdus.item(0x51, b"", 900))),
    "no contexts": pdus.associate_request(()),
    "one context id for all": pdus.associate_request(items=pdus.context_item(1, CT, [IMPLICIT]) * 200),
    "no UIDs": pdus.associate_request([("\xff/../etc", ["", "..."])]),
}

AFTER_ASSOCIATION = {
    "a second request": pdus.associate_request(),
    "half a PDU header": b"\x04\x00\x00",
    "half a PDU": STORE[:50],
    "a command and no data set": STORE,
    "half a data set": STORE + HALF,
    "half a data set and half a header": STORE + HALF + b"\x04\x00",
    "half a data set and half a PDU": STORE + HALF + HALF[:5000],
    "an abort in the data set": STORE + HALF + pdus.ABORTED,
    "a release in the data set": STORE + HALF + pdus.RELEASE,
    "half a command and a release": pdus.p_data(FIRST_HALF) + pdus.RELEASE,
    "a PDU of 4 GB": pdus.pdu(pdus.P_DATA, bytes(1000), announced=0xFFFFFFFF),
    "a PDU of 4 GB in the data set": STORE + pdus.pdu(pdus.P_DATA, bytes(1000), announced=0xFFFFFFF0),
    "a PDV beyond its PDU": STORE + pdus.p_data(pdus.fragment(bytes(100), announced=200)),
    "a PDV of 4 GB": STORE + pdus.p_data(pdus.fragment(bytes(100), announced=0xFFFFFFFF)),
    "a PDV of 0 bytes": STORE + pdus.p_data(struct.pack(">L", 0)),
    "a PDV of 1 byte": STORE + pdus.p_data(struct.pack(">LB", 1, 1)),
    "PDVs of 0 bytes for ever": STORE + pdus.p_data(struct.pack(">L", 0) * 4000),
    "P-DATA without a PDV": STORE + pdus.p_data(),
    "P-DATA shorter than a PDV's header": STORE + pdus.p_data(b"\0\0\0"),
    "a data set before its command": pdus.data_set(bytes(1000)),
    "a data set after an echo": pdus.command(pdus.request(pdus.C_ECHO_RQ), context_id=3) + HALF,
    "a data set where none was said": pdus.command(pdus.store_request(data_set_type=0x0101)) + HALF,
    "two contexts, interleaved": STORE + HALF + pdus.data_set(bytes(1000), context_id=3),
    "two commands, interleaved": pdus.p_data(
        FIRST_HALF, pdus.fragment(pdus.store_request()[40:], context_id=3, is_command=True)
    ),
    "a command within the data set": STORE + HALF + STORE,
    "a context that was not accepted": pdus.command(pdus.store_request(), context_id=77),
    "an even context id": pdus.command(pdus.store_request(), context_id=2),
    "an unknown command": pdus.command(pdus.request(0x7777)),
    "a response that nobody asked for": pdus.command(pdus.request(0x8001)),
    "a command set beyond its PDV": pdus.command(pdus.command_element(0x0002, b"1.2", announced=0xFFFFFF)),
    "a command set without a field": pdus.command(pdus.command_set()),
    "a command set that is empty": pdus.command(b""),
    "a command set of noise": pdus.command(bytes(range(256)) * 16),
    "a group length of 4 GB": pdus.command(pdus.command_set(group_length=0xFFFFFFFF)),
    "an unknown PDU": pdus.pdu(0x42, bytes(100)),
    "a TLS hello": CLIENT_HELLO,
    "a release and more": pdus.RELEASE + STORE + HALF,
}


def test_peers_without_an_association_are_ended(impatient: ScpServer, archive: Archive) -> None:
    before = held_by(os.getpid())
    with ExitStack() as stack:
        peers = {name: stack.enter_context(Peer(impatient.port)) for name in BEFORE_ASSOCIATION}
        for name, said in BEFORE_ASSOCIATION.items():
            peers[name].send(said)
        assert_a_good_sender_is_served(impatient.port)
        assert not_ended(peers) == []
    assert_nothing_is_left(before, archive)


@pytest.mark.parametrize("part", [0, 1])
def test_peers_with_an_association_are_ended(impatient: ScpServer, archive: Archive, part: int) -> None:
    before = held_by(os.getpid())
    said_by = dict(sorted(AFTER_ASSOCIATION.items())[part::2])
    with ExitStack() as stack:
        peers = {}
        for name, said in said_by.items():
            peers[name] = stack.enter_context(Peer(impatient.port))
            assert peers[name].associate() == pdus.ASSOCIATE_AC
            peers[name].send(said)
        assert_a_good_sender_is_served(impatient.port)
        assert not_ended(peers) == []
    assert_nothing_is_left(before, archive)


@pytest.mark.parametrize("goes", ["by FIN", "by RST"])
@pytest.mark.parametrize(
    "said",
    [b"", b"\x04", STORE, STORE[:30], STORE + HALF, STORE + HALF[:3], STORE + HALF[:9], STORE + HALF + HALF[:5000]],
    ids=lambda said: f"after {len(said)} bytes",
)
def test_a_peer_that_goes_away_is_forgotten_at_once(
    impatient: ScpServer, archive: Archive, said: bytes, goes: str
) -> None:
    before = held_by(os.getpid())
    with Peer(impatient.port) as peer:
        assert peer.associate() == pdus.ASSOCIATE_AC
        peer.send(said)
        if goes == "by RST":
            peer.reset()
    assert_nothing_is_left(before, archive, stored=1)


@pytest.mark.parametrize(
    "said", [b"", b"\x01", pdus.associate_request()[:60], b"GET /"], ids=lambda said: f"after {len(said)} bytes"
)
def test_a_peer_that_goes_away_before_its_association_is_forgotten_at_once(
    scp: ScpServer, archive: Archive, said: bytes
) -> None:
    assert_a_good_sender_is_served(scp.port)
    before = held_by(os.getpid())
    for _ in range(10):
        with Peer(scp.port) as peer:
            peer.send(said)
    # Whoever comes later is let in later: by now the server has met them all.
    assert_a_good_sender_is_served(scp.port)
    assert_nothing_is_left(before, archive)


def test_a_data_set_without_an_end_stops_at_the_reserve(
    impatient: ScpServer, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held_by(os.getpid())
    monkeypatch.setattr(archive, "reserve_bytes", archive.space().bytes_free - 40 * 1024**2)
    with Peer(impatient.port) as peer:
        assert peer.associate() == pdus.ASSOCIATE_AC
        peer.send(STORE)
        most = 0
        for _ in range(200):
            peer.send(pdus.data_set(bytes(1_000_000), is_last=False))
            most = max(most, sum(path.stat().st_size for path in received_in_part(archive)))
        assert 0 < most < 80 * 1024**2
        assert wait_for(lambda: received_in_part(archive) == [])
        monkeypatch.setattr(archive, "reserve_bytes", 0)
        assert_a_good_sender_is_served(impatient.port)
    assert_nothing_is_left(before, archive)


def test_a_request_of_128_contexts_with_100_syntaxes_each_is_answered_quickly(scp: ScpServer, archive: Archive) -> None:
    # Reading it takes about half the patience of an impatient server.
    assert_a_good_sender_is_served(scp.port)
    before = held_by(os.getpid())
    with Peer(scp.port) as peer:
        started = time.monotonic()
        assert peer.associate(pdus.associate_request(CONTEXTS_128)) == pdus.ASSOCIATE_AC
        assert time.monotonic() - started < 2 * GOOD_SENDER_SECONDS
    assert_nothing_is_left(before, archive, stored=1)


def test_a_cancel_out_of_nowhere_changes_nothing(impatient: ScpServer) -> None:
    with Peer(impatient.port) as peer:
        assert peer.associate() == pdus.ASSOCIATE_AC
        peer.send(pdus.command(pdus.request(pdus.C_CANCEL_RQ)))
        assert store(peer, "1.2.3.4.5") == 0x0000
        peer.send(pdus.RELEASE)
        assert peer.receive()[0] == pdus.RELEASE_RP


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_an_instance_in_small_fragments_is_stored_byte_for_byte(scp: ScpServer, archive: Archive, size: int) -> None:
    data = data_of("1.2.3.4.5")
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    fragments = [pdus.fragment(part, is_last=number == len(parts)) for number, part in enumerate(parts, 1)]
    with Peer(scp.port) as peer:
        assert peer.associate() == pdus.ASSOCIATE_AC
        # Command and data set in one PDU, the rest as it comes.
        first = pdus.fragment(pdus.store_request(), is_command=True)
        peer.send(pdus.p_data(first, *fragments[:3]), *map(pdus.p_data, fragments[3:]))
        assert peer.status() == 0x0000
    assert wait_for(lambda: Instance.objects.filter(sop_instance_uid="1.2.3.4.5").exists())
    stored = Instance.objects.get(sop_instance_uid="1.2.3.4.5")
    assert stored_data_set(archive.path_of(stored.relative_path)) == data


def not_ended(peers: dict[str, Peer]) -> list[str]:
    """Those whom the server did not end in time."""
    deadline = time.monotonic() + ENDED_WITHIN_SECONDS
    return [name for name, peer in peers.items() if not peer.is_ended(max(deadline - time.monotonic(), 0.1))]


def store(peer: Peer, sop_instance_uid: str) -> int:
    """Send a good instance on the hostile connection; return the status."""
    peer.send(pdus.command(pdus.store_request(sop_instance_uid)), pdus.data_set(data_of(sop_instance_uid)))
    return peer.status()


def data_of(sop_instance_uid: str) -> bytes:
    return encode(small_ct(SOPInstanceUID=sop_instance_uid), IMPLICIT)
