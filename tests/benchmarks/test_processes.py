"""What benchmarks ask of the kernel: who listens, how much memory, which children; and memory made ready."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.memory import AHEAD_BYTES, CHUNK_BYTES, ReadyMemory
from benchmarks.plans import RoundVoid
from benchmarks.processes import ServerProcess, forget_peak, free_port, listens, peak_megabytes, tree, wait_until

GROWING = "x = bytearray(60_000_000); del x; print(flush=True); input(); y = bytearray(30_000_000); print(); input()"
PARENT = "import subprocess; subprocess.run(['sleep', '60'])"


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    started = subprocess.Popen([sys.executable, "-c", GROWING], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield started
    started.kill()
    started.communicate()


def test_a_port_is_listened_on_only_while_somebody_does() -> None:
    port = free_port()
    assert not listens(port)
    with socket.create_server(("127.0.0.1", port)):
        assert listens(port)
    assert not listens(port)


def test_the_peak_of_memory_starts_anew(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    assert peak_megabytes([process.pid]) > 60
    forget_peak([process.pid])
    assert peak_megabytes([process.pid]) < 30
    process.stdin.write(b"\n")
    process.stdin.flush()
    process.stdout.readline()
    assert 30 < peak_megabytes([process.pid]) < 60


def test_a_server_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    server = ServerProcess("parent", [sys.executable, "-c", PARENT], {}, tmp_path)
    wait_until(lambda: len(tree(server.process.pid)) == 2, "The child", [server])
    child = tree(server.process.pid)[1]
    server.stop()
    assert server.process.returncode == -15
    wait_until(lambda: not is_running(child), "The child's end")


def is_running(process_id: int) -> bool:
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_server_that_ends_voids_the_round_with_its_last_words(tmp_path: Path) -> None:
    server = ServerProcess("server", [sys.executable, "-c", "raise SystemExit('no port')"], {}, tmp_path)
    with pytest.raises(RoundVoid, match="server ended with code 1: no port"):
        wait_until(lambda: False, "The start", [server])


def test_ready_memory_is_given_back_at_the_end() -> None:
    memory = ReadyMemory(8 * CHUNK_BYTES)
    assert memory.held == 8 * CHUNK_BYTES + AHEAD_BYTES
    with memory:
        assert memory.held <= 8 * CHUNK_BYTES
    assert memory.held == 0
