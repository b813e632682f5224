"""Memory of each process while work goes on, PostgreSQL and Redis among them, and its processor time."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import redis

from benchmarks.processes import TICKS, forget_peak, peak_bytes, tree
from benchmarks.servers import OurServer

LOOK_SECONDS = 0.1
POSTGRES, REDIS = "PostgreSQL", "Redis"


class MemoryWatch:
    """Looks at the processes again and again; `peaks` has the most that any one process of each name needed, in MB.

    Ours count with all that they have resident. Processes of PostgreSQL share one large piece of memory, which would
    count in each of them: of theirs, what is their own counts.
    """

    def __init__(self, roots: Mapping[str, int]) -> None:
        """`roots` are the first processes by name; those below belong to them."""
        self._roots = dict(roots)
        self._peaks: dict[str, float] = defaultdict(float)
        self._looking = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    @contextmanager
    def step(self) -> Iterator[dict[str, float]]:
        """The peaks of what is done inside, in MB of 10^6 bytes; complete when it is left."""
        with self._looking:
            for ids in self._families().values():
                forget_peak(ids)
            self._peaks.clear()
        peaks: dict[str, float] = {}
        yield peaks
        self._look()
        peaks.update(self._peaks)

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self._look()

    def _families(self) -> dict[str, list[int]]:
        return {name: tree(root) for name, root in self._roots.items()}

    def _look(self) -> None:
        with self._looking:
            for name, ids in self._families().items():
                used = own_bytes if name == POSTGRES else peak_bytes
                self._peaks[name] = max(self._peaks[name], max(map(used, ids), default=0) / 1e6)


def own_bytes(process_id: int) -> int:
    """Resident memory that a process shares with no file and no other process; 0 where it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


def resident_bytes(process_ids: Sequence[int]) -> int:
    """What the processes have resident now, each counted in full."""
    pages = 0
    for process_id in process_ids:
        with suppress(OSError):
            pages += int(Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def processor_seconds_of(process_ids: Sequence[int]) -> float:
    """Processor time of the processes so far."""
    total = 0
    for process_id in process_ids:
        with suppress(OSError):
            fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def roots_of(server: OurServer) -> dict[str, int]:
    """The first process of each command of the server, and of its stores, by name."""
    with psycopg.connect(server.database_url) as connection:
        backend = connection.info.backend_pid
        postgres = parent_of(backend)
    with redis.Redis.from_url(server.environment["REDIS_URL"]) as client:
        about: dict[str, int] = client.info("server")
    return {one.name: one.process.pid for one in server.processes} | {POSTGRES: postgres, REDIS: about["process_id"]}


def parent_of(process_id: int) -> int:
    """The process that started another one."""
    return int(Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
