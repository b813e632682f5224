"""Health tells what is missing; metrics tell numbers of servers and nothing of patients."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.monitoring.factories import ServerStateFactory
from tests.portal.servers.factories import DicomServerFactory

pytestmark = pytest.mark.django_db


def raising(error):
    def fail(*args, **kwargs):
        raise error

    return fail


def test_ready_says_that_all_is_there(client) -> None:
    response = client.get("/health/ready")
    assert response.json() == {"ready": True, "database": True, "redis": True}


def test_ready_says_that_redis_is_away(client, monkeypatch) -> None:
    monkeypatch.setattr(cache, "get", raising(RedisConnectionError("redis://secret@host")))
    response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (503, {"ready": False, "database": True, "redis": False})


def test_ready_says_that_the_database_is_away(client, monkeypatch) -> None:
    monkeypatch.setattr(connection, "cursor", raising(OperationalError("secret")))
    response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (503, {"ready": False, "database": False, "redis": True})


def test_live_asks_nobody(client, monkeypatch) -> None:
    monkeypatch.setattr(connection, "cursor", raising(OperationalError("secret")))
    monkeypatch.setattr(cache, "get", raising(RedisConnectionError))
    assert client.get("/health/live").json() == {"live": True}


@pytest.mark.parametrize("address", ["/health/live", "/health/ready", "/metrics"])
def test_health_and_metrics_are_read_only(client, address) -> None:
    assert client.post(address).status_code == 405


def gauges(client) -> dict[str, dict[str, float]]:
    text = client.get("/metrics").content.decode()
    return {
        family.name.removeprefix("dicom_network_server_"): {
            sample.labels["server"]: sample.value for sample in family.samples
        }
        for family in text_string_to_metric_families(text)
    }


def test_metrics_tell_how_each_server_is(client) -> None:
    ServerStateFactory(server__name="works", outbox_waiting=4)
    ServerStateFactory(server__name="away", server__last_contact_at=timezone.now() - timedelta(minutes=9))
    DicomServerFactory(name="new")
    DicomServerFactory(name="disabled", disabled_at=timezone.now())
    found = gauges(client)
    assert found["reachable"] == {"works": 1, "away": 0, "new": 0}
    assert found["works"] == {"works": 1, "away": 0, "new": 0}
    assert found["alerts"] == {"works": 0, "away": 1, "new": 1}
    assert found["archive_bytes_free"] == {"works": 1_250_000_000_000, "away": 1_250_000_000_000}
    assert (found["outbox_waiting"]["works"], found["conflicts"]["works"]) == (4, 0)
    assert 540 <= found["heartbeat_age_seconds"]["away"] <= 600
    assert "new" not in found["heartbeat_age_seconds"]


def test_a_hostile_server_name_breaks_no_line_of_the_metrics(client) -> None:
    ServerStateFactory(server__name='a"} 1\nforged 2')
    assert gauges(client)["reachable"] == {'a"} 1\nforged 2': 1}
