"""Remembers answers of searches, each for the revision of the study that it was made of."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

# Hardly a character takes more than a byte; an answer without any takes something too.
MAX_CHARACTERS: Final = 8 * 1024 * 1024
ENTRY_CHARACTERS: Final = 1024

Key = tuple[str, ...]


class AnswerMemory:
    """The answers that one process remembers; those not asked for longest go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[Key, tuple[int, str]] = OrderedDict()
        self._characters = 0

    def answer(self, key: Key, revision: int, make: Callable[[], str]) -> str:
        """The answer to `key`, made now unless it was made before at this revision.

        `revision` must be read before what `make` reads: then an answer is never older than it says.
        """
        with self._lock:
            known, text = self._answers.get(key, (None, ""))
            if known == revision:
                self._answers.move_to_end(key)
                return text
        text = make()
        with self._lock:
            self._forget(key)
            self._answers[key] = revision, text
            self._characters += _size(key, text)
            while self._characters > MAX_CHARACTERS and self._answers:
                self._forget(next(iter(self._answers)))
        return text

    def _forget(self, key: Key) -> None:
        known = self._answers.pop(key, None)
        if known is not None:
            self._characters -= _size(key, known[1])


def _size(key: Key, text: str) -> int:
    return ENTRY_CHARACTERS + sum(map(len, key)) + len(text)


memory: Final = AnswerMemory()
