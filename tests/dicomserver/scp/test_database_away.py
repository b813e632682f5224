"""The database goes away and comes back: temporary refusals, nothing half-stored, no restart."""

import pytest
from django.db import connection, connections

from dicomserver.archive import Archive
from dicomserver.index.models import Instance
from dicomserver.scp.server import ScpServer
from tests.dicomserver.objects import files_below, sendable, small_ct
from tests.dicomserver.sender import sender


def test_store_is_refused_for_now_while_the_database_is_away_and_goes_on_after(
    scp: ScpServer, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.ensure_connection()
    first, second, third = (sendable(small_ct()) for _ in range(3))
    with sender(scp.port, first) as sending:
        assert sending.send(first) == 0x0000
        with monkeypatch.context() as patch:
            patch.setitem(connections.databases["default"], "HOST", "/nonexistent")
            end_other_connections()
            assert sending.send(second) == 0xA700
            assert sending.send(second) == 0xA700
            assert len(files_below(archive.root)) == 1
            assert files_below(archive.incoming) == files_below(archive.quarantine_root) == []
        assert sending.send(second) == 0x0000
        end_other_connections()
        assert sending.send(third) == 0x0000
    assert Instance.objects.count() == 3


def end_other_connections() -> None:
    """What a restart of PostgreSQL does to those who are connected."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
