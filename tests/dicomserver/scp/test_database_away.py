"""The database goes away and comes back: what is acknowledged meanwhile waits, and is committed without a restart."""

import time

import pytest
from django.db import connection, connections

from dicomserver.archive import Archive
from dicomserver.index.models import Instance
from dicomserver.ingest import committing
from dicomserver.scp.server import ScpServer
from tests.dicomserver.objects import files_below, sendable, small_ct, stored_data_set
from tests.dicomserver.scp.hostile import wait_for
from tests.dicomserver.sender import sender


def test_what_comes_while_the_database_is_away_waits_up_to_a_bound_and_goes_on_after(
    scp: ScpServer, archive: Archive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(committing, "RETRY_SECONDS", 0.02)
    connection.ensure_connection()
    monkeypatch.setattr(committing, "MAX_WAITING", 2)
    first, second, third, fourth, fifth = (sendable(small_ct()) for _ in range(5))
    with sender(scp.port, first) as sending:
        assert sending.send(first) == 0x0000
        assert wait_for(lambda: Instance.objects.count() == 1)
        with monkeypatch.context() as patch:
            patch.setitem(connections.databases["default"], "HOST", "/nonexistent")
            end_other_connections()
            assert sending.send(second) == 0x0000
            assert sending.send(third) == 0x0000
            assert sending.send(fourth) == 0xA700
            assert len(files_below(archive.incoming)) == 2
            assert files_below(archive.quarantine_root) == []
            time.sleep(0.5)
        assert wait_for(lambda: Instance.objects.count() == 3)
        # Once, however often it was tried.
        assert wait_for(lambda: "committed again" in caplog.text)
        assert caplog.text.count("wait for their commit") == 1
        assert sending.send(fourth) == 0x0000
        end_other_connections()
        assert sending.send(fifth) == 0x0000
    assert wait_for(lambda: Instance.objects.count() == 5)
    for what in (first, second, third, fourth, fifth):
        instance = Instance.objects.get(sop_instance_uid=what.sop_instance_uid)
        assert stored_data_set(archive.path_of(instance.relative_path)) == what.data
    assert wait_for(lambda: files_below(archive.incoming) == [])


def end_other_connections() -> None:
    """What a restart of PostgreSQL does to those who are connected."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
