"""Health and metrics tell the truth, without a token."""

from pathlib import Path

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive
from dicomserver.dicomweb import readiness as readiness_module
from dicomserver.identity import Identity
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct


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
        "checks": {"database": "ok", "archive": "ok", "disk": "ok", "identity": "ok"},
    }


@pytest.mark.django_db
def test_a_server_without_identity_is_not_ready(client: Client, archive: Archive) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert "enrol this server first" in response.json()["checks"]["identity"]


@pytest.mark.django_db
def test_a_missing_archive_and_a_full_disk_are_told(
    client: Client, home: Path, enrolled: Identity, settings: Settings
) -> None:
    settings.ARCHIVE_RESERVE_BYTES = 2**62
    checks = client.get("/health/ready").json()["checks"]
    assert checks["archive"].startswith("The archive's folders are missing")
    assert "no room beyond its reserve" in checks["disk"]


@pytest.mark.django_db
def test_a_database_that_is_away_is_told(
    client: Client, archive: Archive, enrolled: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_uid: str) -> None:
        raise OperationalError

    monkeypatch.setattr(readiness_module, "study_revision", away)
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (503, "not ready")
    assert response.json()["checks"]["database"].startswith("The database does not answer")


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
