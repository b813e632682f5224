"""One process at a time for something outside: a lock of the database that ends with whoever holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class Purpose(IntEnum):
    """What is locked; told apart from other advisory locks of this database."""

    FORWARDING = 0x464F5257
    TELLING_COMMITMENT = 0x434F4D54
    ASKING_COMMITMENT = 0x434F4D41
    PATIENTS = 0x50415449


def lock_until_commit(purpose: Purpose) -> None:
    """Wait until no other transaction holds this lock, and hold it until the end of this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", (purpose.value,))


@contextmanager
def only_one(purpose: Purpose, key: int) -> Iterator[bool]:
    """Whether this process may do it now; until the block ends nobody else may.

    The database lets go of the lock when the process dies. Where the connection is lost in between, another process
    may begin as well: what is done must do no harm when it is done twice.
    """
    names = (purpose.value, key % 2**31)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", names)
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", names)
