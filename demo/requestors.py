"""pynetdicom's requestors, kept from taking the answer that their own caller waits for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pynetdicom.association import Association

LOOK_SECONDS = 0.1


class Checkpoint:
    """Where an association's loop waits while its caller exchanges messages: an event whose `clear` is certain.

    pynetdicom's own event says that the loop waits also in the moment in which it goes on: on a busy machine the loop
    then takes the answer, and the caller waits for it in vain.
    """

    def __init__(self, loop: threading.Thread) -> None:
        self._loop = loop
        self._changed = threading.Condition()
        self._is_open = True
        self._is_waiting = False

    def set(self) -> None:
        """Let the loop go on."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def clear(self) -> None:
        """Have the loop wait, and return when it does, or has ended."""
        with self._changed:
            self._is_open = False
            if threading.current_thread() is self._loop:
                return
            while not self._is_waiting and self._loop.is_alive():
                self._changed.wait(LOOK_SECONDS)
            if self._is_waiting:
                # The caller looks at this flag next, without end: it was seen to be false beside a loop that waits.
                self._loop._is_paused = True  # type: ignore[attr-defined]  # noqa: SLF001 - pynetdicom's own

    def wait(self) -> bool:
        """The loop passes here, or waits."""
        with self._changed:
            self._is_waiting = not self._is_open
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_open)
            self._is_waiting = False
        return True


def steady(assoc: Association) -> Association:
    """The association, which now waits for its caller."""
    before, checkpoint = assoc._reactor_checkpoint, Checkpoint(assoc)  # noqa: SLF001 - there is no other way in
    assoc._reactor_checkpoint = checkpoint  # type: ignore[assignment]  # noqa: SLF001
    # Whoever waits at the one before goes on to this one.
    before.set()
    return assoc
