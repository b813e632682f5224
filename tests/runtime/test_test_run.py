"""Tests of what tests/conftest.py decides for a whole run."""

from pathlib import Path
from types import SimpleNamespace
from typing import Literal, cast

import pytest

from tests.conftest import PORTAL_SETTINGS, SERVER_SETTINGS, SkipGuard, needed_settings, redis_url_of_worker
from tests.runtime.conftest import PROJECT_ROOT


def config_of(*arguments: str, directory: Path = PROJECT_ROOT) -> pytest.Config:
    made = SimpleNamespace(args=list(arguments), invocation_params=SimpleNamespace(dir=directory))
    return cast("pytest.Config", made)


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (["tests/portal"], PORTAL_SETTINGS),
        (["tests/audit/test_models.py::test_one[a-b]", "tests/wire"], PORTAL_SETTINGS),
        (["tests/dicomserver"], SERVER_SETTINGS),
        (["tests/dicomserver/scp/test_x.py", "tests/runtime"], SERVER_SETTINGS),
        (["tests/interop", "tests/e2e", "tests/wire", "tests/runtime"], None),
    ],
)
def test_the_paths_choose_the_django_project(arguments: list[str], settings: str | None) -> None:
    assert needed_settings(config_of(*arguments)) == settings


def test_paths_count_from_where_pytest_was_called() -> None:
    assert needed_settings(config_of("scp", directory=PROJECT_ROOT / "tests" / "dicomserver")) == SERVER_SETTINGS


@pytest.mark.parametrize("arguments", [["tests"], ["."], ["tests/portal", "tests/dicomserver"]])
def test_two_projects_in_one_run_are_refused_with_the_cure(arguments: list[str]) -> None:
    with pytest.raises(pytest.UsageError, match="Run `make test`, or name tests/dicomserver and the others apart"):
        needed_settings(config_of(*arguments))


def test_each_worker_has_a_redis_database_of_its_own() -> None:
    assert redis_url_of_worker("redis://:secret@127.0.0.1:6379/0", 3) == "redis://:secret@127.0.0.1:6379/3"
    assert redis_url_of_worker("redis://127.0.0.1:6379/2", 1) == "redis://127.0.0.1:6379/3"
    assert redis_url_of_worker("redis://127.0.0.1:6379", 1) == "redis://127.0.0.1:6379/1"


def report(outcome: Literal["passed", "skipped"], reason: str = "") -> pytest.TestReport:
    return pytest.TestReport(
        nodeid="tests/a.py::test_a",
        location=("tests/a.py", 1, "test_a"),
        keywords={},
        outcome=outcome,
        longrepr=("tests/a.py", 1, reason) if reason else None,
        when="setup",
    )


@pytest.mark.parametrize("status", [pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED])
def test_a_skip_fails_the_run_and_is_listed_with_its_reason(status: pytest.ExitCode) -> None:
    guard = SkipGuard()
    guard.pytest_runtest_logreport(report("skipped", "Skipped: no chromium"))
    session = cast("pytest.Session", SimpleNamespace(exitstatus=status))
    guard.pytest_sessionfinish(session)
    assert session.exitstatus == pytest.ExitCode.TESTS_FAILED
    assert guard.skips == {"tests/a.py::test_a": "Skipped: no chromium"}


def test_a_run_without_skips_keeps_its_outcome() -> None:
    guard = SkipGuard()
    guard.pytest_runtest_logreport(report("passed"))
    session = cast("pytest.Session", SimpleNamespace(exitstatus=pytest.ExitCode.OK))
    guard.pytest_sessionfinish(session)
    assert session.exitstatus == pytest.ExitCode.OK


def test_an_expected_failure_is_no_skip() -> None:
    guard = SkipGuard()
    expected = report("skipped", "x")
    expected.wasxfail = "known"
    guard.pytest_runtest_logreport(expected)
    assert guard.skips == {}
