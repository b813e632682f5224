"""What the disk itself allows: the same bytes into files, each synced, without network, checks or index."""

from __future__ import annotations

import mmap
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

BLOCK_BYTES = 4096


class DiskLimit(Contestant):
    """Writes and syncs file after file in the quickest way known: around the page cache, into files made before."""

    name = "disk's limit"

    def __init__(self, data: BenchmarkSet, threads: Mapping[str, int]) -> None:
        """`threads` is how many files are written at once, by names of groups."""
        self.data, self.threads = data, threads

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        """Write every study of the set by itself."""
        read_ahead(self.data.files)
        for path in self.data.files:
            copy_of(path, place).touch()
        os.sync()
        with ReadyMemory(self.data.bytes), ThreadPoolExecutor(self.threads[group.name]) as pool:
            taken = [write_all(study.files, place, pool, self.threads[group.name]) for study in self.data.studies]
        return {group.name: median(taken)}


def copy_of(path: Path, place: Path) -> Path:
    """Where the copy of a file is."""
    return place / f"{path.parent.name}-{path.name}"


def write_all(files: Sequence[Path], place: Path, pool: ThreadPoolExecutor, threads: int) -> float:
    """Seconds until copies of all files are on disk."""
    started = time.perf_counter()
    list(pool.map(lambda share: write_some(share, place), shares(files, threads)))
    return time.perf_counter() - started


def write_some(files: Sequence[Path], place: Path) -> None:
    """Copy files one after the other, each synced before the next."""
    largest = max(path.stat().st_size for path in files)
    # Whole pages at the start of one, as writing around the page cache demands.
    with mmap.mmap(-1, in_blocks(largest)) as buffer, memoryview(buffer) as memory:
        for path in files:
            with path.open("rb", buffering=0) as stream:
                size = stream.readinto(memory)
            write_one(copy_of(path, place), memory, size)


def write_one(path: Path, memory: memoryview, size: int) -> None:
    """Write and sync the first `size` bytes."""
    try:
        copy = os.open(path, os.O_WRONLY | os.O_DIRECT)
    except OSError:
        # Not every file system can write around the page cache.
        copy = os.open(path, os.O_WRONLY)
    try:
        with memory[: in_blocks(size)] as blocks:
            os.write(copy, blocks)
        os.ftruncate(copy, size)
        os.fdatasync(copy)
    finally:
        os.close(copy)


def in_blocks(size: int) -> int:
    """The size rounded up to whole blocks."""
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES
