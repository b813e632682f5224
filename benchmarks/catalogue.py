"""All benchmarks by name, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.bounded_memory import MEMORY
from benchmarks.cstore import CSTORE
from benchmarks.fairness import FAIRNESS
from benchmarks.idle import IDLE_ASSOCIATIONS
from benchmarks.plans import Benchmark
from benchmarks.reading import READING
from benchmarks.scale import SCALE
from benchmarks.stow import STOW
from benchmarks.viewer.benchmarks import VIEWER
from benchmarks.workplace import Workplace

BENCHMARKS: dict[str, Callable[[Workplace], Benchmark]] = {
    **CSTORE,
    **STOW,
    **READING,
    **MEMORY,
    **FAIRNESS,
    **IDLE_ASSOCIATIONS,
    **SCALE,
    **VIEWER,
}


class UnknownBenchmark(Exception):
    """There is no benchmark of this name; the message lists what there is."""


def chosen(names: Sequence[str]) -> list[str]:
    """The benchmarks that are meant: by name, by the first part of a name ("cstore"), or all where none is given."""
    found: list[str] = []
    for name in names:
        matching = [one for one in BENCHMARKS if one == name or one.startswith(f"{name}-")]
        if not matching:
            raise UnknownBenchmark(f"There is no benchmark {name!r}. There are: {', '.join(BENCHMARKS)}.")
        found += [one for one in matching if one not in found]
    return found if names else list(BENCHMARKS)
