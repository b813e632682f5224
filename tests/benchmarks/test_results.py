"""Medians, spread, ratios and verdicts of benchmarks."""

import pytest

from benchmarks.plans import OURS, Row
from benchmarks.results import BenchmarkResult, RowResult, Spread
from benchmarks.table import table, target_text


def measured(row: Row, **values: list[float]) -> RowResult:
    result = RowResult(row)
    for name, numbers in values.items():
        result.values[name].extend(numbers)
    return result


def test_a_spread_has_median_least_greatest_and_count() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0, 3)
    assert Spread.of([]) is None


def test_the_ratio_is_of_medians_and_greater_when_we_take_less_time() -> None:
    result = measured(Row("send", target=3.5), ours=[1.0, 2.0, 9.0], Orthanc=[8.0, 6.0, 7.0])
    assert result.ratio == 3.5
    assert result.reached is True


def test_a_target_just_missed_is_missed() -> None:
    result = measured(Row("send", target=3.5), ours=[2.0], Orthanc=[6.99])
    assert result.ratio == pytest.approx(3.495)
    assert result.reached is False


def test_more_answers_a_second_are_better() -> None:
    result = measured(Row("frames", unit="1/s", target=3, more_is_better=True), ours=[4700.0], Orthanc=[1000.0])
    assert result.ratio == 4.7
    assert result.reached is True


def test_a_limit_holds_for_the_worst_value_and_beside_the_target() -> None:
    row = Row("first image", target=2.0, limit=1.0)
    assert measured(row, ours=[0.5, 0.9], Orthanc=[2.0]).reached is True
    assert measured(row, ours=[0.5, 1.1], Orthanc=[9.0]).reached is False
    assert measured(row, ours=[0.9], Orthanc=[1.7]).reached is False
    assert measured(row, ours=[0.5]).reached is None
    assert measured(Row("memory", limit=1.0), ours=[0.5]).reached is True
    assert measured(Row("memory", limit=1.0)).reached is None


def test_where_more_is_better_no_value_may_be_less_than_the_limit() -> None:
    row = Row("scrolling", unit="1/s", more_is_better=True, limit=30.0)
    assert measured(row, ours=[31.0, 40.0]).reached is True
    assert measured(row, ours=[29.9, 40.0]).reached is False
    assert target_text(row) == "≥ 30 1/s"
    assert target_text(Row("first image", target=2.0, limit=1.0)) == "2 x, ≤ 1 s"


def test_without_a_peer_or_without_us_nothing_was_reached_or_missed() -> None:
    row = Row("send", target=3.5)
    assert (measured(row, ours=[1.0]).ratio, measured(row, ours=[1.0]).reached) == (None, None)
    assert (measured(row, Orthanc=[1.0]).ratio, measured(row, Orthanc=[1.0]).reached) == (None, None)


def test_the_table_shows_every_value_verdict_and_remark() -> None:
    rows = [
        measured(Row("1 association", target=3.5), ours=[1.0, 1.2, 1.1], Orthanc=[5.5, 5.0, 6.0], storescp=[0.75]),
        measured(Row("4 associations", target=2.2), ours=[2.0], Orthanc=[1.0]),
        measured(Row("indexed"), ours=[0.0123]),
        measured(Row("no peer", target=2.0), ours=[123.4]),
    ]
    result = BenchmarkResult("cstore", "C-STORE", rows, ["storescp is old"], ["round 2, ours: 3 of 4 instances"])
    lines = table([result]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[:6]]
    assert cells[0] == ["benchmark", "row", "unit", OURS, "Orthanc", "storescp", "paper", "ratio", "target", "result"]
    assert cells[2][2:] == [
        "s", "1.10 (1.00–1.20)", "5.50 (5.00–6.00)", "0.750 (0.750–0.750)", "n/a", "5.00 x Orthanc", "3.5 x", "reached",
    ]  # fmt: skip
    assert cells[3][-3:] == ["0.50 x Orthanc", "2.2 x", "MISSED"]
    assert cells[4][3:] == ["0.0123 (0.0123–0.0123)", "–", "–", "n/a", "–", "–", "–"]
    assert cells[5][-3:] == ["–", "2 x", "not measured"]
    assert len({len(line) for line in lines[:6]}) == 1
    assert lines[-3:] == ["cstore: C-STORE", "  storescp is old", "  void: round 2, ours: 3 of 4 instances"]


def test_the_file_of_results_keeps_every_value() -> None:
    result = BenchmarkResult("b", "title", [measured(Row("send", target=2.0), ours=[1.0, 2.0], Orthanc=[3.0])])
    assert result.as_json()["rows"] == [
        {
            "row": "send", "unit": "s", "values": {"ours": [1.0, 2.0], "Orthanc": [3.0]},
            "ratio": 2.0, "target": 2.0, "limit": None, "reached": True,
        }
    ]  # fmt: skip
