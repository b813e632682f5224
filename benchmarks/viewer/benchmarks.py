"""The benchmarks of the viewers, by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.plans import Benchmark, Group, Row
from benchmarks.viewer import rows
from benchmarks.viewer.chromium import Link
from benchmarks.viewer.contestants import OhifViewer, OurViewer
from benchmarks.workplace import Workplace

BYTES = 600_000_000
SOFTWARE = "Chromium, 1440 x 900, WebGL in software; each turn a fresh browser with a cold cache."


def benchmark(
    name: str, title: str, measured: Sequence[Row], link: Link, rounds: int, workplace: Workplace
) -> Benchmark:
    """A benchmark of both viewers over one kind of network."""
    contestants = [OurViewer(workplace, link), OhifViewer(workplace, link)]
    groups = (Group(name, tuple(measured)),)
    return Benchmark(name, title, groups, contestants, footprint=BYTES, rounds=rounds, remarks=(SOFTWARE,))


VIEWER = {
    "viewer-load": partial(
        benchmark, "viewer-load", "What a cold viewer loads before the first frame, pre-flights counted",
        rows.COLD, Link(), 1,
    ),
    "viewer-none": partial(
        benchmark, "viewer-none", "A CT of 555 slices, 512 x 512, not compressed, over the network as it is",
        rows.AT_ONCE, Link(), 3,
    ),
    "viewer-4mbit": partial(
        benchmark, "viewer-4mbit", "The same over 4 Mbit/s with 20 ms, as devtools emulate them",
        rows.SLOW, Link(4_000, 20), 3,
    ),
    "viewer-750kbit": partial(
        benchmark, "viewer-750kbit", "The same over 750 kbit/s with 100 ms: the first image alone",
        rows.SLOWEST, Link(750, 100), 3,
    ),
}  # fmt: skip
