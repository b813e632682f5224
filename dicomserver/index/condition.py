"""Whether the database can be read and written: looked at by reading a table and writing a file that vanishes."""

from enum import StrEnum
from typing import Final

import psycopg
from django.db import Error, connection, transaction

from dicomserver.index.models import Study


class DatabaseTrouble(StrEnum):
    """What keeps the database from its work; the values travel in heartbeats and metrics."""

    AWAY = "away"
    NO_TABLES = "no_tables"
    FULL = "full"
    READ_ONLY = "read_only"
    FAILING = "failing"


_TROUBLES: Final = {
    "42P01": DatabaseTrouble.NO_TABLES,
    "53100": DatabaseTrouble.FULL,
    # PostgreSQL calls a file system that is mounted read-only, or lost its permissions, insufficient privilege.
    "42501": DatabaseTrouble.READ_ONLY,
    "25006": DatabaseTrouble.READ_ONLY,
    "58030": DatabaseTrouble.FAILING,
}
# More rows than fit into the smallest work_mem: PostgreSQL writes about 1 MB into a temporary file on its volume, which
# leaves nothing behind, neither in tables nor in the log that it recovers from.
_WRITE_A_LITTLE: Final = "SELECT count(*) FROM generate_series(1, 80000)"


def database_trouble() -> DatabaseTrouble | None:
    """What is the matter with the database; None where it works."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            Study.objects.exists()
            cursor.execute("SHOW transaction_read_only")
            if cursor.fetchone() == ("on",):
                return DatabaseTrouble.READ_ONLY
            cursor.execute("SET LOCAL work_mem = '64kB'")
            cursor.execute(_WRITE_A_LITTLE)
    except Error as error:
        return trouble_of(error)
    return None


def trouble_of(error: Error) -> DatabaseTrouble:
    """What an error of the database means."""
    cause = error.__cause__
    code = cause.sqlstate if isinstance(cause, psycopg.Error) else None
    return _TROUBLES.get(code or "", DatabaseTrouble.AWAY)
