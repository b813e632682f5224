"""Hostile peers against the real process: memory, descriptors and many connections at once."""

import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from dicomserver.archive import Archive
from fuzz import pdus
from tests.dicomserver.objects import sendable, small_ct
from tests.dicomserver.processes import ServerProcess
from tests.dicomserver.scp.hostile import (
    Peer,
    assert_a_good_sender_is_served,
    held_by,
    peak_bytes,
    process_tree,
    received_in_part,
    wait_for,
)
from tests.dicomserver.sender import sender

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

MEGABYTE = 1024 * 1024
MANY = 1000
CLOSED = 0


@dataclass(frozen=True)
class Receiver:
    """`python -m dicomserver run_scp`, which listens and has served a sender."""

    pid: int
    port: int


@pytest.fixture
def receiver(home: Path, transactional_db: None) -> Iterator[Callable[..., Receiver]]:
    """Start one; it is killed in the end, and must have lived until then."""
    running: list[ServerProcess] = []

    def start(**changes: str) -> Receiver:
        changes = {"DJANGO_SETTINGS_MODULE": "dicomserver.settings.test", "DICOM_PROCESSES": "2"} | changes
        server = ServerProcess("run_scp", home, **changes)
        running.append(server)
        assert wait_for(lambda: _port(server.log) is not None, 30), server.log.read_text()
        port = _port(server.log)
        assert port
        # Two at once come to two workers; what each makes at its first instance must be there before anyone counts.
        first, second = sendable(small_ct()), sendable(small_ct())
        with sender(port, first) as one, sender(port, second) as other:
            assert (one.send(first), other.send(second)) == (0x0000, 0x0000)
        assert_a_good_sender_is_served(port)
        return Receiver(server.process.pid, port)

    yield start
    for server in running:
        assert server.process.poll() is None, "the process died"
        assert server.stop() == 0


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """This process may open what it needs to be a thousand peers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * MANY)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def crowd(stack: ExitStack, port: int) -> list[Peer]:
    """A thousand peers; the lowest descriptors stay free, as pynetdicom's senders know none above 1023 (`select`)."""
    kept = [os.open(os.devnull, os.O_RDONLY) for _ in range(64)]
    peers = [stack.enter_context(Peer(port, timeout=30)) for _ in range(MANY)]
    for descriptor in kept:
        os.close(descriptor)
    return peers


def test_what_is_announced_or_sent_without_bound_takes_no_memory(receiver: Callable[..., Receiver], home: Path) -> None:
    server = receiver()
    before, held = peak_bytes(server.pid), held_by(server.pid)
    noise = bytes(MEGABYTE)
    too_much = {
        "a PDU of 4 GB": [pdus.pdu(pdus.P_DATA, b"", announced=0xFFFFFFFF), *[noise] * 100],
        "a PDU of 16 MB": [pdus.pdu(pdus.P_DATA, bytes(16 * MEGABYTE))] * 6,
        "a PDV of 4 GB": [pdus.p_data(pdus.fragment(bytes(100_000), announced=0xFFFFFFFF))] * 1000,
        "a command set of 100 MB": [pdus.p_data(pdus.fragment(bytes(100_000), is_command=True, is_last=False))] * 1000,
        "command sets without end": [pdus.command(pdus.store_request())] * 500_000,
        "a data set of no C-STORE": [
            pdus.command(pdus.request(pdus.C_ECHO_RQ, data_set_type=1), context_id=3),
            *[pdus.data_set(bytes(100_000), context_id=3, is_last=False)] * 1000,
        ],
        "an element of 4 GB": [pdus.command(pdus.command_element(0x1000, bytes(1000), announced=0xFFFFFFFE))],
        "echoes that wait for their turn": [pdus.command(pdus.request(pdus.C_ECHO_RQ), context_id=3) * 1000] * 100,
    }
    with ExitStack() as stack:
        for parts in too_much.values():
            peer = stack.enter_context(Peer(server.port, timeout=5))
            assert peer.associate() == pdus.ASSOCIATE_AC
            peer.send(*parts)
        assert_a_good_sender_is_served(server.port)
        assert peak_bytes(server.pid) - before < 60 * MEGABYTE
    assert wait_for(lambda: held_by(server.pid).is_within(held))
    assert wait_for(lambda: received_in_part(Archive(home)) == [])


def test_a_thousand_association_requests_at_once_are_each_answered_and_forgotten(
    receiver: Callable[..., Receiver], many_descriptors: None
) -> None:
    server = receiver(MAXIMUM_ASSOCIATIONS="64")
    held = held_by(server.pid)
    what = sendable(small_ct())
    with sender(server.port, what) as good, ExitStack() as stack:
        assert good.send(what) == 0x0000
        peers = crowd(stack, server.port)
        for peer in peers:
            peer.send(pdus.associate_request())
        started = time.monotonic()
        assert good.send(what) == 0x0000
        assert time.monotonic() - started < 5
        answers = [_answer(peer) for peer in peers]
        # Those that come when the server has its hands full with saying no are not even listened to.
        assert set(answers) <= {pdus.ASSOCIATE_AC, pdus.ASSOCIATE_RJ, CLOSED}
        assert answers.count(pdus.ASSOCIATE_RJ) > 0
        assert abs(answers.count(pdus.ASSOCIATE_AC) - (64 - 1)) <= 3
        started = time.monotonic()
        assert good.send(what) == 0x0000
        assert time.monotonic() - started < 2
        assert peak_bytes(server.pid) < 300 * MEGABYTE
    assert wait_for(lambda: held_by(server.pid).is_within(held), 20)
    assert_a_good_sender_is_served(server.port)


def test_a_thousand_connections_that_say_nothing_keep_nobody_out(
    receiver: Callable[..., Receiver], many_descriptors: None
) -> None:
    server = receiver()
    held = held_by(server.pid)
    with ExitStack() as stack:
        crowd(stack, server.port)
        assert_a_good_sender_is_served(server.port)
        assert peak_bytes(server.pid) < 300 * MEGABYTE
    assert wait_for(lambda: held_by(server.pid).is_within(held), 20)
    assert_a_good_sender_is_served(server.port)


def test_a_thousand_connections_that_go_at_once_keep_nobody_out(
    receiver: Callable[..., Receiver], many_descriptors: None
) -> None:
    server = receiver()
    held = held_by(server.pid)
    for _ in range(MANY):
        with Peer(server.port, timeout=30):
            pass
    assert_a_good_sender_is_served(server.port)
    assert wait_for(lambda: held_by(server.pid).is_within(held), 10)


def test_a_process_without_free_descriptors_recovers(receiver: Callable[..., Receiver]) -> None:
    server = receiver()
    held = held_by(server.pid)
    for pid in process_tree(server.pid):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (100, 100))
    with ExitStack() as stack:
        for _ in range(150):
            stack.enter_context(Peer(server.port, timeout=1))
    assert wait_for(lambda: held_by(server.pid).is_within(held), 20)
    assert_a_good_sender_is_served(server.port)


def _answer(peer: Peer) -> int:
    """The type of the PDU that answers a request."""
    with suppress(ConnectionError):
        return peer.receive()[0]
    return CLOSED


def _port(log: Path) -> int | None:
    for line in log.read_text().splitlines():
        with suppress(ValueError):
            said = json.loads(line)
            if said.get("message") == "Listening for DICOM":
                return int(said["port"])
    return None
