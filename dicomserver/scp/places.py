"""How many associations are established, counted over all processes behind one port."""

import mmap
import struct
import threading
from typing import Final

_COUNT: Final = struct.Struct("=Q")


class Places:
    """A count for each process in memory that they share; each writes its own, and all read the sum."""

    def __init__(self, processes: int, limit: int) -> None:
        self._processes = processes
        self._limit = limit
        self._counts = mmap.mmap(-1, _COUNT.size * processes)
        self._lock = threading.Lock()

    def take(self, process: int) -> bool:
        """Count an association of the process; False where the limit is reached, and then it is not counted."""
        with self._lock:
            # Two processes may both take the last place: one association more than the limit harms nobody.
            if sum(self._get(number) for number in range(self._processes)) >= self._limit:
                return False
            self._set(process, self._get(process) + 1)
            return True

    def leave(self, process: int) -> None:
        """Count one less."""
        with self._lock:
            self._set(process, self._get(process) - 1)

    def reset(self, process: int) -> None:
        """The process is no more, nor are its associations."""
        with self._lock:
            self._set(process, 0)

    def _get(self, process: int) -> int:
        count: int = _COUNT.unpack_from(self._counts, process * _COUNT.size)[0]
        return count

    def _set(self, process: int, count: int) -> None:
        _COUNT.pack_into(self._counts, process * _COUNT.size, count)
