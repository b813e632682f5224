"""PostgreSQL and Redis for our server in benchmarks: embedded as in the product, a fresh database for each turn."""

from __future__ import annotations

from pathlib import Path

import psycopg
import redis
from psycopg import sql

from runtime.embedded import PostgresServer, RedisServer

TEMPLATE = "migrated"
# Each turn of a run has its own, so that no turn finds tasks of another; Redis has 256 of them.
REDIS_NUMBERS = 250


class Stores:
    """The embedded servers of one run, durable as in the product."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.postgres = PostgresServer(directory).start()
        self.redis = RedisServer(directory).start()
        self.turns = 0
        self.migrated = False

    def stop(self) -> None:
        """Let both go."""
        self.postgres.stop()
        self.redis.stop()

    @property
    def template_url(self) -> str:
        """The database that is migrated once and copied for every turn."""
        return self.postgres.url(TEMPLATE)

    def fresh(self) -> tuple[str, str]:
        """URLs of an empty, migrated database and of an empty Redis database."""
        self.turns += 1
        name = f"turn_{self.turns}"
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        redis_url = self.redis.url(1 + self.turns % REDIS_NUMBERS)
        with redis.Redis.from_url(redis_url) as client:
            client.flushdb()
        return self.postgres.url(name), redis_url
