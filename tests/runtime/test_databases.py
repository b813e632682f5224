"""Tests of the way from a URL to Django's DATABASES entry."""

import pytest

from runtime import databases


def test_every_part_of_a_url_finds_its_place() -> None:
    entry = databases.parse("postgresql://user%40site:p%2Fss:word@db.example:6432/portal?sslmode=verify-full")
    assert entry == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "portal",
        "USER": "user@site",
        "PASSWORD": "p/ss:word",
        "HOST": "db.example",
        "PORT": "6432",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10, "sslmode": "verify-full"},
    }


def test_a_short_url_leaves_the_rest_to_libpq() -> None:
    entry = databases.parse("postgres:///portal")
    assert (entry["NAME"], entry["USER"], entry["PASSWORD"], entry["HOST"], entry["PORT"]) == ("portal", "", "", "", "")


@pytest.mark.parametrize(
    "url", ["postgresql:///portal?host=/run/postgresql", "postgresql://%2Frun%2Fpostgresql/portal"]
)
def test_a_socket_directory_is_a_host(url: str) -> None:
    entry = databases.parse(url)
    assert entry["HOST"] == "/run/postgresql"
    assert "host" not in entry["OPTIONS"]


def test_an_address_of_ip_version_6_is_a_host() -> None:
    entry = databases.parse("postgresql://[::1]:5432/portal")
    assert (entry["HOST"], entry["PORT"]) == ("::1", "5432")


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("mysql://user:hidden@db/portal", "must start with postgresql://"),
        ("portal", "must start with postgresql://"),
        ("postgresql://user:hidden@db", "must end with /NAME"),
        ("postgresql://user:hidden@db/", "must end with /NAME"),
        ("postgresql://user:hidden@db/a/b", "must end with /NAME"),
        ("postgresql://user:hidden@db:port/portal", "host or port cannot be read"),
        ("postgresql://user:hidden@[db/portal", "host or port cannot be read"),
    ],
)
def test_a_url_that_names_no_database_is_refused_without_its_password(url: str, cure: str) -> None:
    with pytest.raises(databases.InvalidDatabaseUrl, match=cure) as caught:
        databases.parse(url)
    assert "hidden" not in str(caught.value)
