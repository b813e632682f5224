"""What a benchmark is: rows to measure, contestants that take turns, and what is to be reached."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OURS = "ours"
ORTHANC = "Orthanc"
ROUNDS = 3


class RoundVoid(Exception):
    """What was measured does not count: the message says what went wrong, such as instances that are missing."""


@dataclass(frozen=True)
class Row:
    """One line of the table: a value in `unit`, and how many times better than `against` ours is to be.

    With `limit`, no value of ours may be worse, whatever a peer has.
    """

    name: str
    unit: str = "s"
    target: float | None = None
    against: str = ORTHANC
    more_is_better: bool = False
    limit: float | None = None
    paper: str = "n/a"
    """The figure of the paper that made the comparison; `table` says which paper, and why there is hardly one."""


@dataclass(frozen=True)
class Group:
    """Rows that are measured in one turn, by one start of a server."""

    name: str
    rows: tuple[Row, ...]


class Contestant(ABC):
    """One side of a benchmark: a server that is started, worked on and stopped in its turn."""

    name: str

    def missing(self) -> str | None:
        """Why this contestant cannot take part on this machine, or None."""
        return None

    @abstractmethod
    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        """Measure in the fresh folder `place`; returns values by names of rows. Raises RoundVoid."""


@dataclass(frozen=True)
class Benchmark:
    """One benchmark. The first contestant is ours; `footprint` is how many bytes a turn writes or reads."""

    name: str
    title: str
    groups: tuple[Group, ...]
    contestants: Sequence[Contestant]
    footprint: int
    rounds: int = ROUNDS
    remarks: tuple[str, ...] = ()
