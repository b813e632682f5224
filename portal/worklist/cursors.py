"""A place in a sorted list as text that nobody can read or make up.

A cursor holds the sort key of a row, which can be a patient's name, and travels in addresses that proxies log:
so it is encrypted, and a changed one is refused like any other forgery.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

Key = datetime | date | str | None
"""The value of the sort column; None where the row has none."""

MAX_LENGTH: Final = 2000
MAX_KEY: Final = 2**63 - 1
_PURPOSE: Final = b"worklist cursor"


class InvalidCursor(ValueError):
    """The cursor was not made by this portal, or not for this order."""


@dataclass(frozen=True)
class Cursor:
    """The rows after, or before, the row with this sort key and this primary key."""

    order: str
    direction: Literal["after", "before"]
    key: Key
    pk: int


def encode(cursor: Cursor) -> str:
    """The cursor as text for an address."""
    kind, value = _written(cursor.key)
    content = [cursor.order, cursor.direction, kind, value, cursor.pk]
    return _cipher().encrypt(json.dumps(content).encode()).decode()


def decode(text: str, *, order: str) -> Cursor:
    """The cursor that `encode` wrote for the same order. Raises InvalidCursor."""
    content = _opened(text)
    try:
        written_for, direction, kind, value, pk = content
        if written_for != order or direction not in ("after", "before") or not isinstance(pk, int):
            raise InvalidCursor("The cursor belongs to another order.")
        return Cursor(order, direction, _read(kind, value), pk)
    except (TypeError, ValueError) as error:
        raise InvalidCursor("The cursor is of another kind.") from error


def encode_mark(pk: int) -> str:
    """A primary key as text that tells nobody how many rows there are."""
    return _cipher().encrypt(json.dumps(["mark", pk]).encode()).decode()


def decode_mark(text: str) -> int:
    """The primary key that `encode_mark` wrote. Raises InvalidCursor."""
    content = _opened(text)
    if len(content) != 2 or content[0] != "mark" or not isinstance(content[1], int):
        raise InvalidCursor("The mark is of another kind.")
    return content[1]


def _opened(text: str) -> list[Any]:
    if len(text) > MAX_LENGTH or not text.isascii():
        raise InvalidCursor("The cursor is too long.")
    try:
        content = json.loads(_cipher().decrypt(text.encode()))
    except (InvalidToken, ValueError) as error:
        raise InvalidCursor("The cursor was not made here.") from error
    if not isinstance(content, list):
        raise InvalidCursor("The cursor is of another kind.")
    return content


def _written(key: Key) -> tuple[str, str | None]:
    match key:
        case None:
            return "none", None
        case datetime():
            return "datetime", key.isoformat()
        case date():
            return "date", key.isoformat()
        case str():
            return "text", key


def _read(kind: str, value: str | None) -> Key:
    if value is None:
        return None
    match kind:
        case "datetime":
            return datetime.fromisoformat(value)
        case "date":
            return date.fromisoformat(value)
        case _:
            return value


def _cipher() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(secret)) for secret in secrets])


def _derived(secret: str | bytes) -> bytes:
    material = secret.encode() if isinstance(secret, str) else secret
    return base64.urlsafe_b64encode(hashlib.blake2b(material, digest_size=32, person=_PURPOSE).digest())
