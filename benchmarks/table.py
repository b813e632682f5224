"""The table at the end: a line a row, with medians and spread, ratio, target and whether it was reached."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.plans import OURS, Row
from benchmarks.results import BenchmarkResult, RowResult, Spread

NOTHING = "–"
PAPER = (
    "paper: Y. Morvan and others, Comparative Performance Investigation of DICOM C-STORE and DICOM HTTP-Based "
    "Requests, EMBC 2014. Only its abstract is public; n/a: its table of seconds could not be had."
)


def table(results: Iterable[BenchmarkResult]) -> str:
    """All results as one table in Markdown, its columns aligned; under it what is to be said."""
    results = list(results)
    peers = list(dict.fromkeys(name for one in results for row in one.rows for name in row.values if name != OURS))
    head = ["benchmark", "row", "unit", OURS, *peers, "paper", "ratio", "target", "result"]
    lines = [head]
    for result in results:
        lines += [line_of(result, row, peers) for row in result.rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = [markdown(line, widths) for line in lines]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join([*text, *notes(results)])


def line_of(result: BenchmarkResult, row: RowResult, peers: list[str]) -> list[str]:
    """The cells of one row."""
    against = f" {row.row.against}" if row.ratio is not None else ""
    return [
        result.name,
        row.row.name,
        row.row.unit,
        spread_text(row.spread(OURS)),
        *(spread_text(row.spread(peer)) for peer in peers),
        row.row.paper,
        f"{row.ratio:.2f} x{against}" if row.ratio is not None else NOTHING,
        target_text(row.row),
        verdict(row),
    ]


def target_text(row: Row) -> str:
    """What is to be reached."""
    wanted = [f"{row.target:g} x"] if row.target is not None else []
    if row.limit is not None:
        wanted.append(f"{'≥' if row.more_is_better else '≤'} {row.limit:g} {row.unit}")
    return ", ".join(wanted) or NOTHING


def verdict(row: RowResult) -> str:
    """Reached, missed, or why neither can be said."""
    if row.row.target is None and row.row.limit is None:
        return NOTHING
    return {True: "reached", False: "MISSED", None: "not measured"}[row.reached]


def spread_text(spread: Spread | None) -> str:
    """Median, and least to greatest in brackets."""
    if spread is None:
        return NOTHING
    return f"{number(spread.median)} ({number(spread.least)}–{number(spread.greatest)})"


def number(value: float) -> str:
    """Three digits that say something."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.4f}" if value < 0.1 else f"{value:.3f}"


def markdown(cells: list[str], widths: list[int]) -> str:
    """One line of the table."""
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def notes(results: list[BenchmarkResult]) -> list[str]:
    """What the rows mean, what was left out and which rounds did not count."""
    lines = ["", PAPER]
    for result in results:
        lines.append(f"{result.name}: {result.title}")
        lines += [f"  {remark}" for remark in result.remarks]
        lines += [f"  void: {reason}" for reason in result.void]
    return lines
