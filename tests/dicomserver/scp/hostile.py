"""A peer on a raw socket, which may say anything, and what a server holds in memory, threads and descriptors."""

import contextlib
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dicomserver.archive import Archive
from dicomserver.index.models import Instance
from fuzz import pdus
from tests.dicomserver.objects import files_below, sendable, small_ct
from tests.dicomserver.sender import send_all

# What the impatient server waits for a peer, and how long it may take to end one that it waited for.
PATIENCE_SECONDS = 1
ENDED_WITHIN_SECONDS = 6.0
GOOD_SENDER_SECONDS = 2.0


class Peer:
    """A connection to the server; what is sent is what the test says."""

    def __init__(self, port: int, *, timeout: float = 10) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.connection.close()

    def send(self, *data: bytes) -> None:
        """Send as much as the server takes; it may have ended the association already."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            for part in data:
                self.connection.sendall(part)

    def associate(self, request: bytes | None = None) -> int:
        """Ask for an association; return the type of the answering PDU."""
        self.send(pdus.associate_request() if request is None else request)
        return self.receive()[0]

    def receive(self) -> tuple[int, bytes]:
        """The next PDU: its type and its body. Raises ConnectionError where the server closed."""
        kind, length = struct.unpack(">BxL", self._read(6))
        return kind, self._read(length)

    def status(self) -> int:
        """The status in the next PDU, which is a response."""
        kind, body = self.receive()
        assert kind == pdus.P_DATA, f"PDU of type {kind}"
        return int.from_bytes(body[body.index(struct.pack("<HHL", 0, 0x0900, 2)) + 8 :][:2], "little")

    def is_ended(self, seconds: float) -> bool:
        """Whether the server ends the connection within so many seconds; what it says until then is dropped."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.connection.settimeout(left)
            try:
                if not self.connection.recv(65536):
                    return True
            except TimeoutError:
                return False
            except ConnectionError:
                return True
        return False

    def reset(self) -> None:
        """Go away by RST, as a machine that was switched off and on answers."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = self.connection.recv(count - len(data))
            if not part:
                raise ConnectionAbortedError("The server closed the connection.")
            data += part
        return bytes(data)


@dataclass(frozen=True)
class Held:
    """Threads and open descriptors of a process and its descendants; empty slots of the intake do not count."""

    threads: int
    descriptors: int

    def is_within(self, other: "Held") -> bool:
        """Whether nothing is held beyond the other."""
        return self.threads <= other.threads and self.descriptors <= other.descriptors


def held_by(pid: int) -> Held:
    """What the process and its descendants hold now."""
    threads = descriptors = 0
    for process in process_tree(pid):
        with contextlib.suppress(OSError):
            threads += sum(1 for _ in Path(f"/proc/{process}/task").iterdir())
            descriptors += sum(1 for target in _open_files(process) if not target.endswith(".part"))
    return Held(threads, descriptors)


def peak_bytes(pid: int) -> int:
    """The most memory that any process of the tree had so far."""
    return max(_status(process, "VmHWM") for process in process_tree(pid))


def process_tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def received_in_part(archive: Archive) -> list[Path]:
    """Files of the incoming folder with bytes in them: neither stored nor removed yet."""
    found = []
    for path in files_below(archive.incoming):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size:
                found.append(path)
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 8) -> bool:
    """Whether the condition becomes true within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def assert_a_good_sender_is_served(port: int) -> None:
    """Its instance is stored, indexed, and soon so."""
    what = sendable(small_ct())
    started = time.monotonic()
    assert send_all(port, what) == [0x0000]
    assert wait_for(lambda: Instance.objects.filter(sop_instance_uid=what.sop_instance_uid).exists())
    assert time.monotonic() - started < GOOD_SENDER_SECONDS


def assert_nothing_is_left(before: Held, archive: Archive, stored: int = 2) -> None:
    """Threads and descriptors are as they were, and only what good senders sent is there."""
    assert wait_for(lambda: received_in_part(archive) == []), received_in_part(archive)
    assert wait_for(lambda: held_by(os.getpid()).is_within(before)), (before, held_by(os.getpid()))
    assert Instance.objects.count() == stored


def _open_files(pid: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            yield str(descriptor.readlink())


def _status(pid: int, field: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return 0
