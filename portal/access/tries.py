"""Counts how often a person looks for what the policy hides, so that nobody finds patients by guessing."""

from typing import Final

from django.core.cache import cache

from portal.accounts.models import User

MOST_TRIES: Final = 20
WITHIN_SECONDS: Final = 600


def may_try_again(person: User) -> bool:
    """Count one more look; False where the person looked too often in the last minutes."""
    key = f"access:tries:{person.pk}"
    cache.add(key, 0, WITHIN_SECONDS)
    try:
        return cache.incr(key) <= MOST_TRIES
    except ValueError:
        # It ran out between the two calls.
        cache.set(key, 1, WITHIN_SECONDS)
        return True
