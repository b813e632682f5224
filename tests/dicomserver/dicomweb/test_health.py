"""Health and metrics tell the truth, without a token."""

import os
import re
import shutil
import time
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive, ArchiveError, FileMeta, Trouble
from dicomserver.dicomweb import metrics as metrics_module
from dicomserver.dicomweb import readiness as readiness_module
from dicomserver.identity import Identity
from dicomserver.index.condition import _WRITE_A_LITTLE
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import CT, EXPLICIT, small_ct


def test_a_process_that_answers_is_live(client: Client) -> None:
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "live"})
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_server_that_has_everything_is_ready(client: Client, archive: Archive, enrolled: Identity) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "checks": {"database": "ok", "archive": "ok", "ingest": "ok", "redis": "ok", "identity": "ok"},
    }


@pytest.mark.django_db
def test_a_server_without_identity_is_not_ready(client: Client, archive: Archive) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert "enrol this server first" in response.json()["checks"]["identity"]


@pytest.mark.django_db
def test_a_missing_archive_is_told(client: Client, home: Path, enrolled: Identity) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["archive"].startswith("missing: archive/ or incoming/ is not in DICOM_SERVER_HOME")


@pytest.mark.django_db
def test_a_full_disk_is_told(client: Client, archive: Archive, enrolled: Identity, settings: Settings) -> None:
    settings.ARCHIVE_RESERVE_BYTES = 2**62
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (503, "not ready")
    assert response.json()["checks"] == {
        "database": "ok",
        "archive": "full: no room is left beyond the reserve. New instances are refused for the time being (0xA700, "
        "507); what is stored stays readable. Make room on the volume of DICOM_SERVER_HOME.",
        "ingest": "ok",
        "redis": "ok",
        "identity": "ok",
    }
    assert client.get("/health/live").status_code == 200


@pytest.mark.parametrize(
    ("trouble", "word"),
    [
        (Trouble.NO_INODES, "no inodes: "),
        (Trouble.READ_ONLY, "read-only: "),
        (Trouble.NO_PERMISSION, "no permission: "),
        (Trouble.FAILING, "failing: "),
    ],
)
@pytest.mark.django_db
def test_each_trouble_of_the_archive_is_told(
    client: Client,
    archive: Archive,
    enrolled: Identity,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Trouble,
    word: str,
) -> None:
    def fail(_archive: Archive) -> None:
        raise ArchiveError("No.", trouble)

    monkeypatch.setattr(Archive, "require_working", fail)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["archive"].startswith(word)
    text = client.get("/metrics").content.decode()
    assert f'dicomserver_archive_trouble{{trouble="{trouble.value}"}} 1.0' in text
    assert 'dicomserver_archive_trouble{trouble="full"} 0.0' in text


@pytest.mark.django_db
def test_instances_that_wait_for_the_index_are_told(client: Client, archive: Archive, enrolled: Identity) -> None:
    incoming, unfinished = (archive.receive(FileMeta(CT, f"1.2.{number}", EXPLICIT)) for number in range(2))
    for one in (incoming, unfinished):
        one.write(b"x" * 100_000)
    incoming.seal()
    long_ago = time.time() - 40
    for one in (incoming, unfinished):
        os.utime(one.path, (long_ago, long_ago))
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["ingest"].startswith(
        "waiting: 1 instances were received and are safe, but not in the index yet, the first since 40 s."
    )
    text = client.get("/metrics").content.decode()
    assert "dicomserver_instances_waiting 1.0" in text
    assert "dicomserver_instances_waiting_seconds 4" in text
    incoming.discard()
    unfinished.discard()


@pytest.mark.parametrize(
    ("code", "word", "trouble"),
    [
        (None, "away: ", "away"),
        ("42P01", "no tables: ", "no_tables"),
        ("53100", "full: ", "full"),
        ("42501", "read-only: ", "read_only"),
        ("58030", "failing: ", "failing"),
    ],
)
@pytest.mark.django_db
def test_each_trouble_of_the_database_is_told(
    client: Client,
    archive: Archive,
    enrolled: Identity,
    monkeypatch: pytest.MonkeyPatch,
    code: str | None,
    word: str,
    trouble: str,
) -> None:
    def fail(*_: object) -> None:
        cause = psycopg.errors.lookup(code)("?") if code else psycopg.OperationalError("?")
        raise OperationalError from cause

    with monkeypatch.context() as patch:
        patch.setattr("django.db.models.QuerySet.exists", fail)
        response = client.get("/health/ready")
        text = client.get("/metrics").content.decode()
    assert (response.status_code, response.json()["status"]) == (503, "not ready")
    assert response.json()["checks"]["database"].startswith(word)
    assert f'dicomserver_database_trouble{{trouble="{trouble}"}} 1.0' in text


@pytest.mark.django_db
def test_a_database_that_was_set_to_read_only_is_told(client: Client, archive: Archive, enrolled: Identity) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
    assert client.get("/health/ready").json()["checks"]["database"].startswith("read-only: it cannot write.")


@pytest.mark.django_db
def test_the_look_at_the_database_needs_room_on_its_volume() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {_WRITE_A_LITTLE}")
        plan = " ".join(line for (line,) in cursor.fetchall())
    written = re.search(r"temp read=\d+ written=(\d+)", plan)
    assert written
    assert int(written[1]) * 8192 > 1_000_000


@pytest.mark.django_db
def test_a_redis_that_is_away_is_told(client: Client, archive: Archive, enrolled: Identity, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/health/ready")
    assert response.status_code == 503
    checks = response.json()["checks"]
    assert checks["redis"].startswith("away: Redis does not answer.")
    assert {check for name, check in checks.items() if name != "redis"} == {"ok"}


@pytest.mark.django_db
def test_who_asks_while_a_look_hangs_is_told_that_the_database_is_away(
    client: Client, archive: Archive, enrolled: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness_module, "LOOK_SECONDS", 0.1)
    with readiness_module._lock:
        response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["database"].startswith("away: ")
    assert client.get("/health/ready").status_code == 200


@pytest.mark.django_db
def test_looking_often_costs_no_more_than_once_a_second(
    client: Client, archive: Archive, enrolled: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Archive] = []

    def look(archive: Archive) -> None:
        looks.append(archive)

    monkeypatch.setattr(Archive, "require_working", look)
    for _ in range(3):
        assert client.get("/health/ready").status_code == 200
    assert len(looks) == 1
    monkeypatch.setattr(readiness_module, "KEPT_SECONDS", 0.0)
    assert client.get("/health/ready").status_code == 200
    assert len(looks) == 2


@pytest.mark.django_db
def test_metrics_tell_what_they_can_without_archive_or_database(
    client: Client, archive: Archive, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError

    monkeypatch.setattr(metrics_module, "index_counts", away)
    shutil.rmtree(home)
    response = client.get("/metrics")
    assert response.status_code == 200
    text = response.content.decode()
    assert 'dicomserver_archive_trouble{trouble="missing"} 1.0' in text
    assert "archive_bytes_free" not in text
    assert "archive_studies" not in text


@pytest.mark.django_db
def test_metrics_tell_what_is_here(client: Client, archive: Archive, enrolled: Identity, take_in: TakeIn) -> None:
    take_in(small_ct())
    text = client.get("/metrics").content.decode()
    assert "dicomserver_archive_studies 1.0" in text
    assert "dicomserver_outbox_waiting 1.0" in text
    assert "dicomserver_outbox_parked 0.0" in text
    assert "Popescu" not in text


@pytest.mark.django_db
def test_metrics_are_for_the_servers_own_network(client: Client, archive: Archive) -> None:
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="93.184.216.34").status_code == 404


def test_what_does_not_exist_is_a_problem_too(client: Client) -> None:
    response = client.get("/nothing")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
