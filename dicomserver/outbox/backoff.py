"""How long to wait before something that failed is tried again: longer each time, never the same for all at once."""

import random
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

LONGEST_PAUSE_SECONDS: Final = 60.0

_random = random.SystemRandom()


def pause_after(attempts: int, *, longest: float = LONGEST_PAUSE_SECONDS) -> float:
    """Seconds to wait after so many failed attempts: 1, 2, 4 and so on, never more than `longest`."""
    return min(longest, 2.0 ** min(max(attempts - 1, 0), 20))


def later(pause: float) -> datetime:
    """A moment after half to all of the pause: what failed together does not come back together."""
    return timezone.now() + timedelta(seconds=pause * _random.uniform(0.5, 1.0))
