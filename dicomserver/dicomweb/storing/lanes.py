"""Works on several parts of one request side by side: while one is synced to disk, the next are hashed and written."""

import queue
import threading
from collections.abc import Callable
from itertools import cycle
from typing import Final, TypeAlias

from dicomserver.dicomweb.storing.multipart import PartSink, Piece

LANES: Final = 3
# So many pieces wait for all lanes together; then the one who reads the request waits.
MAX_WAITING_PIECES: Final = 16

_Step: TypeAlias = Callable[[], None]


class Lanes:
    """The lanes of one request; a part stays in its lane, whose steps are taken in order.

    `cleaned_up` is called in each lane's thread at its end.
    """

    def __init__(self, cleaned_up: Callable[[], None]) -> None:
        self._cleaned_up = cleaned_up
        self._lanes = [_Lane(self) for _ in range(LANES)]
        self._next = cycle(self._lanes)
        self._free = threading.Semaphore(MAX_WAITING_PIECES)
        self._error: BaseException | None = None

    def wrap(self, sink: PartSink) -> PartSink:
        """A sink whose calls return at once, and are made on `sink` in a lane."""
        return _LaneSink(next(self._next), sink)

    def finish(self) -> None:
        """Wait until everything is done. Raises what a sink raised first."""
        for lane in self._lanes:
            lane.end()
        if self._error is not None:
            raise self._error

    def run(self, lane: "_Lane") -> None:
        """Take the steps of a lane until it ends; after an error, none that could store anything."""
        try:
            while (step := lane.steps.get()) is not None:
                self._take(step)
        finally:
            self._cleaned_up()

    def wait_for_room(self) -> None:
        """Count a piece that is about to wait."""
        self._free.acquire()

    def give_room(self) -> None:
        """A piece waits no longer."""
        self._free.release()

    def _take(self, step: _Step) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - raised again in the thread that answers
            self._error = self._error or error


class _Lane:
    """One thread, started when there is something to do."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.steps: queue.SimpleQueue[_Step | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def add(self, step: _Step) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self.lanes.run, args=(self,), name="store-lane", daemon=True)
            self._thread.start()
        self.steps.put(step)

    def end(self) -> None:
        if self._thread is not None:
            self.steps.put(None)
            self._thread.join()


class _LaneSink:
    """Hands each call on to the lane; a sink that failed is discarded, and its other steps are left out."""

    def __init__(self, lane: _Lane, sink: PartSink) -> None:
        self._lane = lane
        self._sink = sink
        self._has_failed = False

    def write(self, piece: Piece) -> None:
        """Take the next bytes; the piece lives until they are written."""
        self._lane.lanes.wait_for_room()
        self._lane.add(lambda: self._write(piece))

    def finish(self) -> None:
        """The part is whole."""
        self._lane.add(lambda: self._last(self._sink.finish))

    def discard(self) -> None:
        """The part will never be whole."""
        self._lane.add(lambda: self._last(self._sink.discard))

    def _write(self, piece: Piece) -> None:
        try:
            if not self._has_failed:
                self._sink.write(piece)
        except BaseException:
            self._has_failed = True
            raise
        finally:
            self._lane.lanes.give_room()

    def _last(self, step: _Step) -> None:
        (self._sink.discard if self._has_failed else step)()
