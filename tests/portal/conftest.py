"""What tests of the portal share: an empty Redis, and a database that several threads see."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, connections

# TRUNCATE ... CASCADE empties what hangs on these.
_TABLES = "accounts_user, institutions_institution, django_session, audit_auditevent"


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Forget rates and replays of other tests."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database in which transactions really commit, emptied afterwards in spite of the audit's trigger."""
    with django_db_blocker.unblock():
        # What is emptied below must be the database of a test run, never one that somebody uses.
        assert str(connection.settings_dict["NAME"]).startswith("test_")
        yield
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_auditevent DISABLE TRIGGER audit_append_only")
            cursor.execute(f"TRUNCATE {_TABLES} CASCADE")
            cursor.execute("ALTER TABLE audit_auditevent ENABLE ALWAYS TRIGGER audit_append_only")
        connection.close()


@pytest.fixture
def at_once(committed_db: None) -> Any:
    """Return a function that calls each callable in its own thread and connection, and returns the results."""

    def run(*calls: Any) -> list[Any]:
        def call(one: Any) -> Any:
            try:
                return one()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(calls)) as pool:
            return [future.result(20) for future in [pool.submit(call, one) for one in calls]]

    return run
