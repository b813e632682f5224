"""Ties the life of a process to the life of its parent, also when the parent is killed outright."""

import ctypes
import sys
from collections.abc import Callable

SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def signal_on_parents_death(number: int) -> Callable[[], None]:
    """Return a function that makes the kernel send the calling process this signal when its parent dies.

    The library is loaded here, so that the function may run between fork and exec. It outlives exec, and has no
    effect on systems other than Linux, where a killed parent leaves its children to the next start.
    """
    if sys.platform != "linux":
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)

    def apply() -> None:
        libc.prctl(SET_PARENT_DEATH_SIGNAL, number)

    return apply
