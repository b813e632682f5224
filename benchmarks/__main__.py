"""Runs benchmarks and prints their table: `python -m benchmarks [WHAT ...] [--rounds N] [--quick] [--list]`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from benchmarks.catalogue import BENCHMARKS, UnknownBenchmark, chosen
from benchmarks.machine import description
from benchmarks.plans import ROUNDS
from benchmarks.results import BenchmarkResult
from benchmarks.rounds import run
from benchmarks.table import table
from benchmarks.workplace import Busy, Workplace
from demo.state_files import write_json


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; returns the exit code, 1 where something could not be measured at all."""
    options = parser().parse_args(arguments)
    if options.list:
        print("\n".join(BENCHMARKS))
        return 0
    # As Ctrl-C: servers are stopped and folders removed.
    signal.signal(signal.SIGTERM, stop)
    try:
        names = chosen([word for given in options.what for word in given.split(",")])
        with Workplace(keep=options.keep) as workplace:
            results = measure(names, options.rounds, workplace)
    except (UnknownBenchmark, Busy) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; every server was stopped and every folder removed.", file=sys.stderr)
        return 130
    return 0 if all(any(row.values for row in result.rows) for result in results) else 1


def measure(names: Sequence[str], rounds: int | None, workplace: Workplace) -> list[BenchmarkResult]:
    """Run the benchmarks one after the other, keep what each measured, and print the table of all."""
    about = description(workplace.directory)
    results: list[BenchmarkResult] = []
    try:
        for name in names:
            benchmark = BENCHMARKS[name](workplace)
            turns = (rounds or benchmark.rounds) * len(benchmark.groups) * len(benchmark.contestants)
            workplace.make_room(benchmark.footprint * turns)
            results.append(run(benchmark, workplace.fresh_folder, rounds))
            write_json(workplace.directory / "results" / f"{name}.json", {"machine": about, **results[-1].as_json()})
    finally:
        # What was measured until somebody stopped it is worth a table too.
        if results:
            print("\n".join([table(results), "", *about]))
    return results


def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler
    """End as by Ctrl-C."""
    raise KeyboardInterrupt


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    result.add_argument(
        "what", nargs="*", metavar="WHAT", help="names, or first parts of names; all where none is given"
    )
    result.add_argument("--rounds", type=int, metavar="N", help=f"rounds of each benchmark, {ROUNDS} as a rule")
    result.add_argument("--quick", action="store_const", dest="rounds", const=1, help="one round of each")
    result.add_argument("--list", action="store_true", help="print the names and end")
    result.add_argument("--keep", action="store_true", help="keep the folders of all turns, to look at logs")
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
