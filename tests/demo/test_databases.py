"""The demonstration on the operator's own PostgreSQL and Redis: which names, numbers and addresses follow."""

import pytest

from demo.databases import POSTGRESQL_PORT, REDIS_PORT, address_of, database_name, named_redis


@pytest.mark.parametrize(
    ("url", "port", "address"),
    [
        ("postgresql://me:secret@db.hospital/portal", POSTGRESQL_PORT, "db.hospital:5432"),
        ("postgresql://me@127.0.0.1:29501/portal", POSTGRESQL_PORT, "127.0.0.1:29501"),
        ("redis://cache.hospital/3", REDIS_PORT, "cache.hospital:6379"),
        ("redis:///3", REDIS_PORT, "127.0.0.1:6379"),
    ],
)
def test_address_of_a_url_without_a_port_is_the_usual_one(url: str, port: int, address: str) -> None:
    assert address_of(url, port) == address


def test_servers_take_the_redis_numbers_after_the_one_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://cache.hospital/3")
    assert named_redis(("portal", "server-a", "server-b")) == {
        "portal": "redis://cache.hospital:6379/3",
        "server-a": "redis://cache.hospital:6379/4",
        "server-b": "redis://cache.hospital:6379/5",
    }


def test_each_server_has_a_database_of_its_own() -> None:
    assert [database_name(owner) for owner in ("portal", "server-a", "server-b")] == [
        "portal",
        "dicomserver_a",
        "dicomserver_b",
    ]
