"""Runs the command line of a program: what the operator forgot is said in a sentence, and never as a stack trace."""

import sys
from collections.abc import Callable, Iterator

from psycopg import errors


def run_command(execute: Callable[[list[str]], object], arguments: list[str], *, migrate: str) -> None:
    """Execute the arguments. Exits with 1 where the database lacks tables or columns; `migrate` makes them.

    Whoever wants to see where it was asks with --traceback, as Django's own commands have it.
    """
    try:
        execute(arguments)
    except Exception as error:
        lacking = next(filter(_is_lacking, _causes(error)), None)
        if lacking is None or "--traceback" in arguments:
            raise
        print(
            f"The database is not of this version: {_told(lacking)}. Run `{migrate}`, then this again.", file=sys.stderr
        )
        sys.exit(1)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it came of."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _is_lacking(error: BaseException) -> bool:
    return isinstance(error, errors.UndefinedTable | errors.UndefinedColumn)


def _told(error: BaseException) -> str:
    """The database's own words, which name tables and columns and no value."""
    told = error.diag.message_primary if isinstance(error, errors.Error) else None
    return told or "a table is missing"
