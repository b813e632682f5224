"""Keeps somebody from guessing links, and from filling the mailbox of another."""

import hashlib
from typing import Final

from django.core.cache import cache

WRONG_LINKS_PER_MINUTE: Final = 20
LETTERS_PER_HOUR: Final = 5
_MINUTE: Final = 60
_HOUR: Final = 3600


def too_many_wrong_links(address: str) -> bool:
    """Whether a client's address has opened too many unknown links."""
    return int(cache.get(_key("wrong-link", address), 0)) >= WRONG_LINKS_PER_MINUTE


def count_wrong_link(address: str) -> None:
    """Remember that a client opened an unknown link."""
    _count(_key("wrong-link", address), _MINUTE)


def may_write_to(email: str) -> bool:
    """Count a letter to an e-mail address; False where it got too many within the hour."""
    return _count(_key("letter", email), _HOUR) <= LETTERS_PER_HOUR


def _count(key: str, seconds: int) -> int:
    cache.add(key, 0, seconds)
    try:
        return cache.incr(key)
    except ValueError:
        # It ran out between the two calls.
        cache.set(key, 1, seconds)
        return 1


def _key(what: str, whose: str) -> str:
    return f"invitations:{what}:{hashlib.sha256(whose.encode()).hexdigest()}"
