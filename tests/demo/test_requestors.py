"""An association that a test or the demonstration requests waits for its caller, however busy the machine is."""

import threading
import time
from typing import Any

from demo.requestors import Checkpoint


class Loop(threading.Thread):
    """What pynetdicom's loop does: it passes the checkpoint, and takes what it finds."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.checkpoint: Any = None
        self.is_over = False
        self.is_held = False
        self.taken = 0
        self._is_paused = False

    def run(self) -> None:
        """Take, when there is something to take, until told to end."""
        while not self.is_over:
            self.checkpoint.wait()
            if self.is_held:
                self.taken += 1


def test_a_loop_takes_nothing_between_clear_and_set() -> None:
    loop = Loop()
    loop.checkpoint = Checkpoint(loop)
    loop.start()
    for _ in range(2000):
        loop.checkpoint.clear()
        loop.is_held = True
        time.sleep(0)
        loop.is_held = False
        loop.checkpoint.set()
    loop.is_over = True
    loop.join(5)
    assert not loop.is_alive()
    assert loop.taken == 0


def test_who_clears_finds_the_loop_paused() -> None:
    loop = Loop()
    loop.checkpoint = Checkpoint(loop)
    loop.start()
    loop.checkpoint.clear()
    assert loop._is_paused
    loop.is_over = True
    loop.checkpoint.set()
    loop.join(5)
    assert not loop.is_alive()


def test_who_clears_does_not_wait_for_a_loop_that_has_ended() -> None:
    loop = Loop()
    loop.checkpoint = Checkpoint(loop)
    loop.is_over = True
    loop.start()
    loop.join(5)
    loop.checkpoint.clear()


def test_a_loop_that_clears_for_itself_does_not_wait_for_itself() -> None:
    cleared: list[bool] = []

    def clear() -> None:
        checkpoint.clear()
        cleared.append(True)

    thread = threading.Thread(target=clear, daemon=True)
    checkpoint = Checkpoint(thread)
    thread.start()
    thread.join(5)
    assert cleared == [True]
