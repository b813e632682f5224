"""Checks what browsers send to be kept as JSON: finite numbers, short texts without control characters, few members."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

# All but tab and line feed of C0, DEL and C1; NUL and lone surrogates cannot even be stored.
_REFUSED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LARGEST: Final = 1e15


@dataclass(frozen=True)
class Bounds:
    """How much of what is taken."""

    depth: int
    members: int
    """Of one object or list."""
    text: int
    """Characters of one text or name."""
    bytes: int
    """Of the whole, as JSON."""


class OutOfBounds(ValueError):
    """What was sent is more, or something else, than is kept. The message never repeats it."""


def is_plain_text(text: str) -> bool:
    """True for text that can be stored and shown as it is."""
    return _REFUSED.search(text) is None


def is_finite(value: object) -> bool:
    """True for a number that a database and a browser read alike; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) <= _LARGEST if isinstance(value, float) else abs(value) <= _LARGEST


def bounded_object(value: object, bounds: Bounds) -> dict[str, Any]:
    """The object as it may be kept. Raises OutOfBounds."""
    if not isinstance(value, dict):
        raise OutOfBounds("This is no object.")
    _check(value, bounds, bounds.depth)
    if len(json.dumps(value, ensure_ascii=False).encode()) > bounds.bytes:
        raise OutOfBounds(f"This is longer than {bounds.bytes} bytes.")
    return value


def _check(value: object, bounds: Bounds, depth: int) -> None:
    match value:
        case None | bool():
            return
        case int() | float():
            if not is_finite(value):
                raise OutOfBounds("A number is too large, or none.")
        case str():
            _check_text(value, bounds)
        case dict() | list() if depth and len(value) <= bounds.members:
            for name in value if isinstance(value, dict) else ():
                _check_text(name, bounds)
            for member in value.values() if isinstance(value, dict) else value:
                _check(member, bounds, depth - 1)
        case _:
            raise OutOfBounds("This holds too many members, or goes too deep.")


def _check_text(text: str, bounds: Bounds) -> None:
    if len(text) > bounds.text or not is_plain_text(text):
        raise OutOfBounds(f"A text is longer than {bounds.text} characters, or holds control characters.")
