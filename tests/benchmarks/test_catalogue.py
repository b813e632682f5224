"""Benchmarks are found by name, and aim at the targets that were set."""

from pathlib import Path

import pytest

from benchmarks import catalogue, cstore, stow
from benchmarks.data.sets import PLANS
from benchmarks.senders.storescu import shares

TARGETS = {
    "cstore-cr1": {"1 association": 1.3},
    "cstore-ct38": {"1 association": 1.3},
    "cstore-mr630": {"1 association": None, "4 associations": None},
    "cstore-ct1000": {"1 association": 3.5, "4 associations": 2.2},
    "cstore-mr3813": {"1 association": 4.0, "4 associations": 3.0},
    "nagle-mr630": {"1 association": 40.0, "1 association, peers told TCP_NODELAY": None},
    "stow-cr1": {"1 request": None},
    "stow-ct38": {"1 request": None},
    "stow-mr630": {"1 request": None, "4 requests": None},
    "stow-ct1000": {"1 request": 6.0, "4 requests": 5.0},
    "stow-mr3813": {"1 request": None, "4 requests": None},
    "stow-whole": {"1 request of all": None},
}


def test_sending_aims_at_the_targets_that_were_set() -> None:
    assert {name: targets for name, (_, _, targets) in (cstore.SETS | stow.SETS).items()} == TARGETS
    assert set(TARGETS) <= set(catalogue.BENCHMARKS)


def test_the_sets_have_the_numbers_of_the_comparison() -> None:
    assert {name: plan.instances for name, plan in PLANS.items()} == {
        "cr1": 1, "ct38": 38, "mr630": 630, "ct1000": 1000, "mr3813": 3813, "ct555": 555, "warm-up": 2,
    }  # fmt: skip


def test_a_name_means_one_benchmark_and_its_beginning_means_several() -> None:
    assert catalogue.chosen(["cstore-ct1000"]) == ["cstore-ct1000"]
    assert catalogue.chosen(["nagle", "cstore-cr1", "cstore"]) == [
        "nagle-mr630", "cstore-cr1", "cstore-ct38", "cstore-mr630", "cstore-ct1000", "cstore-mr3813",
    ]  # fmt: skip
    assert catalogue.chosen([]) == list(catalogue.BENCHMARKS)


def test_an_unknown_name_is_answered_with_what_there_is() -> None:
    with pytest.raises(catalogue.UnknownBenchmark, match=r"no benchmark 'cstor'\. There are: cstore-cr1, "):
        catalogue.chosen(["cstor"])


@pytest.mark.parametrize(("files", "count", "sizes"), [(1000, 4, [250] * 4), (5, 4, [1, 1, 2, 1]), (1, 4, [1])])
def test_several_senders_share_the_files_without_leaving_one_out(files: int, count: int, sizes: list[int]) -> None:
    paths = [Path(str(number)) for number in range(files)]
    parts = shares(paths, count)
    assert [len(part) for part in parts] == sizes
    assert [path for part in parts for path in part] == paths
