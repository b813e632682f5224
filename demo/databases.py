"""PostgreSQL databases and Redis numbers of the demonstration: embedded by default, the operator's when named."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from demo.places import HOST, Places
from runtime import env
from runtime.embedded import PostgresServer, RedisServer

CONNECT_SECONDS = 10
# Where a URL names none (libpq, and the redis scheme).
POSTGRESQL_PORT = 5432
REDIS_PORT = 6379


@dataclass(frozen=True)
class Stores:
    """A database URL and a Redis URL for the portal and for each server, and which embedded servers back them."""

    databases: dict[str, str]
    redis: dict[str, str]
    embedded: tuple[str, ...]
    needs: tuple[str, ...]
    """Addresses that must answer before a program that uses the stores starts."""


class StoresInUse:
    """Holds the embedded servers while the demonstration prepares itself; supervised ones take over after."""

    def __init__(self, places: Places) -> None:
        self.owners = ("portal", *(server.name for server in places.servers))
        self.postgres = None if env.text("DATABASE_URL", "") else PostgresServer(places.directory)
        self.redis = None if env.text("REDIS_URL", "") else RedisServer(places.directory)

    def __enter__(self) -> Stores:
        """Start what is embedded and make the databases."""
        databases = self._embedded_databases() if self.postgres else named_databases(self.owners)
        redis = self._embedded_redis() if self.redis else named_redis(self.owners)
        embedded = [server.kind for server in (self.postgres, self.redis) if server]
        needs = {address_of(databases["portal"], POSTGRESQL_PORT), address_of(redis["portal"], REDIS_PORT)}
        return Stores(databases, redis, tuple(embedded), tuple(sorted(needs)))

    def __exit__(self, *_: object) -> None:
        """Let the embedded servers go."""
        for server in (self.postgres, self.redis):
            if server:
                server.stop()

    def _embedded_databases(self) -> dict[str, str]:
        if self.postgres is None:
            return {}
        server = self.postgres.start()
        return {owner: server.url(database_name(owner)) for owner in self.owners}

    def _embedded_redis(self) -> dict[str, str]:
        if self.redis is None:
            return {}
        server = self.redis.start()
        return {owner: server.url(number) for number, owner in enumerate(self.owners)}


def address_of(url: str, default_port: int) -> str:
    """Host and port at which the server of a URL accepts connections."""
    parts = urlsplit(url)
    return f"{parts.hostname or HOST}:{parts.port or default_port}"


def database_name(owner: str) -> str:
    """The embedded database of the portal or of a server."""
    return owner.replace("server-", "dicomserver_")


def named_databases(owners: tuple[str, ...]) -> dict[str, str]:
    """The operator's database for the portal, and beside it one for each server, made where missing."""
    parts = urlsplit(env.text("DATABASE_URL"))
    name = parts.path.lstrip("/")
    urls = {"portal": urlunsplit(parts)}
    with psycopg.connect(urls["portal"], autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
        for owner in owners[1:]:
            database = f"{name}_{database_name(owner)}"
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
            urls[owner] = urlunsplit(parts._replace(path=f"/{database}"))
    return urls


def named_redis(owners: tuple[str, ...]) -> dict[str, str]:
    """The operator's Redis: the number that was named for the portal, and the next ones for the servers."""
    parts = urlsplit(env.text("REDIS_URL"))
    number = int(parts.path.lstrip("/") or 0)
    if parts.port is None:
        parts = parts._replace(netloc=f"{parts.netloc or HOST}:{REDIS_PORT}")
    return {owner: urlunsplit(parts._replace(path=f"/{number + index}")) for index, owner in enumerate(owners)}
