"""What was measured: all values of all rounds, their medians and spread, and whether targets were reached."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.plans import OURS, Row


@dataclass(frozen=True)
class Spread:
    """Median, least and greatest of some values."""

    median: float
    least: float
    greatest: float
    count: int

    @classmethod
    def of(cls, values: list[float]) -> Spread | None:
        """The spread of the values; None where there are none."""
        return cls(median(values), min(values), max(values), len(values)) if values else None


@dataclass
class RowResult:
    """The values of one row, by contestant, in the order of the rounds."""

    row: Row
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def spread(self, contestant: str) -> Spread | None:
        """Median and spread of one contestant."""
        return Spread.of(self.values.get(contestant, []))

    @property
    def ratio(self) -> float | None:
        """How many times better our median is than that of the peer; None where one of them is missing."""
        ours, peer = self.spread(OURS), self.spread(self.row.against)
        if ours is None or peer is None or not ours.median or not peer.median:
            return None
        return ours.median / peer.median if self.row.more_is_better else peer.median / ours.median

    @property
    def reached(self) -> bool | None:
        """Whether target and limit were kept; None where there is neither, or nothing to compare with."""
        ours, limit = self.spread(OURS), self.row.limit
        if ours is None:
            return None
        if limit is not None and (ours.least < limit if self.row.more_is_better else ours.greatest > limit):
            return False
        if self.row.target is None:
            return None if limit is None else True
        return None if self.ratio is None else self.ratio >= self.row.target


@dataclass
class BenchmarkResult:
    """All rows of one benchmark, and what is to be said about the run."""

    name: str
    title: str
    rows: list[RowResult]
    remarks: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "name": self.name,
            "title": self.title,
            "remarks": self.remarks,
            "void": self.void,
            "rows": [
                {
                    "row": result.row.name,
                    "unit": result.row.unit,
                    "values": dict(result.values),
                    "ratio": result.ratio,
                    "target": result.row.target,
                    "limit": result.row.limit,
                    "reached": result.reached,
                }
                for result in self.rows
            ],
        }
