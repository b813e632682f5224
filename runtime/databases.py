"""Turns a PostgreSQL URL into the entry of Django's DATABASES setting."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES = frozenset({"postgresql", "postgres"})

# A connection is kept between requests, so that a request does not pay for TCP and SCRAM; the health check
# replaces one that the server closed in the meantime.
CONNECTION_SECONDS = 60
# An unreachable server must not hang a request for the two minutes that TCP would take to give up.
CONNECT_TIMEOUT_SECONDS = 10


class InvalidDatabaseUrl(ValueError):
    """The URL does not name a PostgreSQL database; the message never holds the URL, which holds a password."""


def parse(url: str) -> dict[str, Any]:
    """Return the DATABASES entry for `postgresql://user:password@host:port/database?libpq-option=value`.

    A socket directory is given as `?host=/directory` or percent-encoded in the place of the host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidDatabaseUrl("The database URL is malformed: its host or port cannot be read.") from error
    if parts.scheme not in SCHEMES:
        raise InvalidDatabaseUrl("The database URL must start with postgresql://.")
    database = unquote(parts.path.removeprefix("/"))
    if not database or "/" in database:
        raise InvalidDatabaseUrl("The database URL must end with /NAME, the name of one database.")
    options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_SECONDS}
    options.update(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port or ""),
        "CONN_MAX_AGE": CONNECTION_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
