"""One sender a destination, across all processes: a lock of the database that ends with whoever holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection

# Told apart from other advisory locks of this database.
_FORWARDING: Final = 0x464F5257


@contextmanager
def only_sender_to(destination_pk: int) -> Iterator[bool]:
    """Whether this process may send to the destination now; until the block ends nobody else may.

    The database lets go of the lock when the process dies. Where the connection is lost in between, another process
    may begin as well, and an instance may then be sent twice.
    """
    key = (_FORWARDING, destination_pk % 2**31)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
