"""What the disk itself allows: the same bytes into files, each synced, without network, checks or index."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from benchmarks.data import BenchmarkSet
from benchmarks.machine import read_ahead
from benchmarks.memory import ReadyMemory
from benchmarks.plans import Contestant, Group
from benchmarks.senders.storescu import shares


class DiskLimit(Contestant):
    """Writes and syncs file after file, in as many threads as `threads` has for the group."""

    name = "disk's limit"

    def __init__(self, data: BenchmarkSet, threads: Mapping[str, int]) -> None:
        self.data, self.threads = data, threads

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        """Write every study of the set by itself."""
        read_ahead(self.data.files)
        with ReadyMemory(self.data.bytes), ThreadPoolExecutor(self.threads[group.name]) as pool:
            taken = [write_all(study.files, place, pool, self.threads[group.name]) for study in self.data.studies]
        return {group.name: median(taken)}


def write_all(files: Sequence[Path], place: Path, pool: ThreadPoolExecutor, threads: int) -> float:
    """Seconds until copies of all files are on disk."""
    started = time.perf_counter()
    list(pool.map(lambda share: write_some(share, place), shares(files, threads)))
    return time.perf_counter() - started


def write_some(files: Sequence[Path], place: Path) -> None:
    """Copy files one after the other, each synced before the next."""
    for path in files:
        copy = os.open(place / f"{path.parent.name}-{path.name}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            os.write(copy, path.read_bytes())
            os.fdatasync(copy)
        finally:
            os.close(copy)
