"""Memory to receive into, aligned for writes around the page cache, and used again: fresh memory costs its zeroing."""

import mmap
import threading
from typing import Final

# What the devices and file systems in use ask of memory, offsets and lengths is at most a page.
BLOCK_BYTES: Final = 4096
# Most instances fit whole; larger ones are written in pieces of this size.
BUFFER_BYTES: Final = 1024 * 1024
MAX_IDLE: Final = 8

_lock = threading.Lock()
_idle: Final[list[memoryview]] = []


def take_buffer() -> memoryview:
    """BUFFER_BYTES of memory that begin at a page; what they hold is of no meaning."""
    with _lock:
        if _idle:
            return _idle.pop()
    return memoryview(mmap.mmap(-1, BUFFER_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


def give_back(buffer: memoryview) -> None:
    """Let others use it."""
    with _lock:
        if len(_idle) < MAX_IDLE:
            _idle.append(buffer)
