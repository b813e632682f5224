"""Bounds how often one address of the internet tries share links."""

import time
from typing import Final

from django.core.cache import cache

SECONDS: Final = 60
# A hospital comes through one address. Five wrong PINs close a link whoever gives them; this only spares the portal.
TRIES: Final = 120


def is_too_often(address: str) -> bool:
    """Count one try of this address; True where it had its share of this minute already."""
    key = f"sharing.tries:{address}:{int(time.time() // SECONDS)}"
    cache.add(key, 0, 2 * SECONDS)
    return cache.incr(key) > TRIES
