"""Commands on a database that is not of this version say what to run, and nothing else is hidden."""

import pytest
from psycopg import errors

from runtime.commands import run_command

MIGRATE = "python -m program migrate"


def failing(error: Exception) -> Exception:
    """The error as Django wraps it."""
    wrapped = RuntimeError("wrapped")
    wrapped.__cause__ = error
    return wrapped


def run(error: Exception, *arguments: str) -> None:
    def execute(_arguments: list[str]) -> None:
        raise error

    run_command(execute, ["program", "list", *arguments], migrate=MIGRATE)


@pytest.mark.parametrize("error", [errors.UndefinedTable(), errors.UndefinedColumn(), failing(errors.UndefinedTable())])
def test_a_lacking_table_is_a_sentence_and_a_failure(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(error)
    assert ended.value.code == 1
    told = (
        "The database is not of this version: a table is missing. Run `python -m program migrate`, then this again.\n"
    )
    assert capsys.readouterr() == ("", told)


def test_who_asks_where_it_was_sees_it() -> None:
    with pytest.raises(errors.UndefinedTable):
        run(errors.UndefinedTable(), "--traceback")


@pytest.mark.parametrize("error", [errors.UniqueViolation(), failing(ValueError()), KeyError("name")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)):
        run(error)


def test_what_succeeds_is_given_its_arguments() -> None:
    given: list[list[str]] = []
    run_command(given.append, ["program", "list"], migrate=MIGRATE)
    assert given == [["program", "list"]]
