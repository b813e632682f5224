"""Memory that a server finds ready: on a virtual machine, a page's first use after it was free may cost 10 µs.

Hypervisors take back what a guest leaves free for a second or two. So memory is touched beforehand and held, and
given back to the kernel only at the pace at which it is used while the clock runs.
"""

from __future__ import annotations

import mmap
import threading
from types import TracebackType
from typing import Self

from benchmarks.machine import memory_value

PAGE_BYTES = 4096
CHUNK_BYTES = 4 * 1024**2
AHEAD_BYTES = 128 * 1024**2
"""What is free and ready at any moment: little enough to be used before the hypervisor takes it back."""
LOOK_SECONDS = 0.02


class ReadyMemory:
    """Inside `with`, processes that need up to `size` bytes more than before get pages that were used just now."""

    def __init__(self, size: int) -> None:
        wanted = min(size + AHEAD_BYTES, memory_value("MemAvailable") // 2)
        self._chunks = [touched() for _ in range(wanted // CHUNK_BYTES)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_ahead, name="ready-memory", daemon=True)

    @property
    def held(self) -> int:
        """Bytes that are still held back."""
        return len(self._chunks) * CHUNK_BYTES

    def __enter__(self) -> Self:
        self._release(AHEAD_BYTES)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._release(self.held)

    def _keep_ahead(self) -> None:
        """Release as much as others took."""
        level = memory_value("MemFree")
        while not self._stop.wait(LOOK_SECONDS):
            taken = level - memory_value("MemFree")
            if taken >= CHUNK_BYTES:
                self._release(taken)
                level = memory_value("MemFree")

    def _release(self, size: int) -> None:
        for _ in range(min(size // CHUNK_BYTES, len(self._chunks))):
            self._chunks.pop().close()


def touched() -> mmap.mmap:
    """A piece of memory of which each page was written to."""
    memory = mmap.mmap(-1, CHUNK_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for start in range(0, CHUNK_BYTES, PAGE_BYTES):
        memory[start] = 1
    return memory
