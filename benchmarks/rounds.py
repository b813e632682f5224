"""Lets the contestants of a benchmark take turns, round after round, each time under the same conditions."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from benchmarks.plans import Benchmark, Contestant, Group, RoundVoid
from benchmarks.results import BenchmarkResult, RowResult
from runtime.embedded import EmbeddedServerError

SECONDS = 570.0
"""A benchmark ends within ten minutes: by what earlier rounds took, no round is begun that would end later."""
FAILURES = (
    RoundVoid,
    OSError,
    subprocess.SubprocessError,
    http.client.HTTPException,
    psycopg.Error,
    EmbeddedServerError,
)
"""What may happen to a server or a sender; the round is void then, and the rest goes on."""


def run(benchmark: Benchmark, fresh_folder: Callable[[str], Path], rounds: int | None = None) -> BenchmarkResult:
    """Measure all rows of a benchmark; what could not be measured is said in the remarks."""
    result = BenchmarkResult(
        benchmark.name,
        benchmark.title,
        [RowResult(row) for group in benchmark.groups for row in group.rows],
        list(benchmark.remarks),
    )
    present = []
    for contestant in benchmark.contestants:
        if reason := contestant.missing():
            result.remarks.append(f"{contestant.name} is left out: {reason}")
            say(f"{benchmark.name}: {contestant.name} is left out: {reason}")
        else:
            present.append(contestant)
    _Run(benchmark, present, fresh_folder, result).all_rounds(rounds or benchmark.rounds)
    return result


def in_turn(contestants: list[Contestant], number: int) -> list[Contestant]:
    """The order of one round: another contestant begins each time."""
    shift = number % max(len(contestants), 1)
    return contestants[shift:] + contestants[:shift]


class _Run:
    """One benchmark being measured."""

    def __init__(
        self,
        benchmark: Benchmark,
        contestants: list[Contestant],
        fresh_folder: Callable[[str], Path],
        result: BenchmarkResult,
    ) -> None:
        self.benchmark, self.contestants, self.fresh_folder, self.result = benchmark, contestants, fresh_folder, result
        self.deadline = time.monotonic() + SECONDS
        self.longest: dict[tuple[str, str], float] = {}

    def all_rounds(self, rounds: int) -> None:
        """Round after round, until all are done or the time is up."""
        for number in range(rounds):
            for group in self.benchmark.groups:
                expected = sum(self.longest.get((group.name, one.name), 0.0) for one in self.contestants)
                if time.monotonic() + expected > self.deadline:
                    self.result.remarks.append(f"{group.name}: {number} of {rounds} rounds, as the time was up.")
                    continue
                for contestant in in_turn(self.contestants, number):
                    self.turn(contestant, group, number)

    def turn(self, contestant: Contestant, group: Group, number: int) -> None:
        """One turn of one contestant; a void one leaves no value."""
        started = time.monotonic()
        label = f"{self.benchmark.name}, {group.name}, round {number + 1}, {contestant.name}"
        # What an earlier turn left to be written would slow this one.
        os.sync()
        try:
            values = contestant.measure(group, self.fresh_folder(f"{self.benchmark.name}-{contestant.name}"))
        except FAILURES as error:
            self.result.void.append(f"{label}: {error}")
            say(f"{label}: void: {error}")
            return
        finally:
            seconds = time.monotonic() - started
            known = self.longest.get((group.name, contestant.name), 0.0)
            self.longest[group.name, contestant.name] = max(seconds, known)
        for row in self.result.rows:
            if row.row.name in values:
                row.values[contestant.name].append(values[row.row.name])
        say(f"{label}: " + ", ".join(f"{name} {value:.3f}" for name, value in values.items()))


def say(text: str) -> None:
    """Tell whoever waits what was measured just now."""
    print(text, file=sys.stderr, flush=True)
