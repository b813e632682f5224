"""Contestants take turns; what goes wrong voids a round and nothing else; a benchmark ends in time."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks import rounds
from benchmarks.plans import Benchmark, Contestant, Group, RoundVoid, Row

ONE, FOUR = Group("one", (Row("one", target=2.0),)), Group("four", (Row("four"),))


class Recorded(Contestant):
    """Notes its turns and answers 1.0, or fails as told."""

    def __init__(
        self, name: str, turns: list[tuple[str, str]], *failures: Exception, absent: str | None = None
    ) -> None:
        self.name, self.turns, self.failures, self.absent = name, turns, list(failures), absent
        self.places: list[Path] = []

    def missing(self) -> str | None:
        return self.absent

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        self.turns.append((group.name, self.name))
        self.places.append(place)
        if self.failures:
            raise self.failures.pop(0)
        return {group.name: 1.0}


@pytest.fixture
def turns() -> list[tuple[str, str]]:
    return []


def benchmark(*contestants: Contestant, groups: tuple[Group, ...] = (ONE,)) -> Benchmark:
    return Benchmark("some", "Some", groups, contestants, footprint=0)


def fresh_folders(tmp_path: Path) -> rounds.Callable[[str], Path]:
    def fresh(name: str) -> Path:
        folder = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        return folder

    return fresh


def test_every_round_begins_with_another_contestant(turns: list[tuple[str, str]], tmp_path: Path) -> None:
    contestants = [Recorded(name, turns) for name in ("ours", "Orthanc", "storescp")]
    result = rounds.run(benchmark(*contestants), fresh_folders(tmp_path))
    assert [name for _, name in turns] == [
        "ours", "Orthanc", "storescp", "Orthanc", "storescp", "ours", "storescp", "ours", "Orthanc",
    ]  # fmt: skip
    assert dict(result.rows[0].values) == {"ours": [1.0] * 3, "Orthanc": [1.0] * 3, "storescp": [1.0] * 3}
    places = [place for one in contestants for place in one.places]
    assert len(set(places)) == 9


def test_groups_follow_each_other_within_a_round(turns: list[tuple[str, str]], tmp_path: Path) -> None:
    rounds.run(benchmark(Recorded("ours", turns), groups=(ONE, FOUR)), fresh_folders(tmp_path), 2)
    assert [group for group, _ in turns] == ["one", "four", "one", "four"]


def test_a_void_round_leaves_no_value_and_is_told(turns: list[tuple[str, str]], tmp_path: Path) -> None:
    ours = Recorded("ours", turns, RoundVoid("3 of 4 instances in the index"), ConnectionRefusedError(111, "refused"))
    result = rounds.run(benchmark(ours, Recorded("Orthanc", turns)), fresh_folders(tmp_path))
    assert dict(result.rows[0].values) == {"Orthanc": [1.0] * 3, "ours": [1.0]}
    assert result.void == [
        "some, one, round 1, ours: 3 of 4 instances in the index",
        "some, one, round 2, ours: [Errno 111] refused",
    ]


def test_a_peer_that_is_not_installed_is_told_and_the_rest_goes_on(
    turns: list[tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contestants = Recorded("ours", turns), Recorded("Orthanc", turns, absent="Orthanc is not installed.")
    result = rounds.run(benchmark(*contestants), fresh_folders(tmp_path))
    assert turns == [("one", "ours")] * 3
    assert result.remarks == ["Orthanc is left out: Orthanc is not installed."]
    assert result.rows[0].reached is None
    assert "some: Orthanc is left out: Orthanc is not installed." in capsys.readouterr().err


def test_no_round_is_begun_that_would_end_too_late(
    turns: list[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        seconds = 0.0

        def monotonic(self) -> float:
            Clock.seconds += 100.0
            return Clock.seconds

    monkeypatch.setattr(rounds, "time", Clock())
    result = rounds.run(benchmark(Recorded("ours", turns)), fresh_folders(tmp_path))
    # Each turn looks at the clock three times: two rounds of 300 s do not fit into ten minutes.
    assert len(turns) == 2
    assert result.remarks == ["one: 2 of 3 rounds, as the time was up."]


def test_a_mistake_of_the_benchmark_itself_is_not_hidden(turns: list[tuple[str, str]], tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        rounds.run(benchmark(Recorded("ours", turns, KeyError("x"))), fresh_folders(tmp_path))
