"""PostgreSQL and Redis from wheels, for demo, tests and one machine's own use: started, shared and stopped by need.

Every process that uses a server holds a shared lock; the server runs as long as anyone holds it and stops after the
last one left, however it left. `python -m runtime.embedded postgres DIRECTORY` runs one in the foreground instead.
"""

from pathlib import Path
from typing import TypeVar

from runtime.embedded.postgres import PostgresServer
from runtime.embedded.redis import RedisServer
from runtime.embedded.server import EmbeddedServer, EmbeddedServerError

__all__ = ["EmbeddedServer", "EmbeddedServerError", "PostgresServer", "RedisServer", "database_url", "redis_url"]

ServerType = TypeVar("ServerType", bound=EmbeddedServer)

_held: dict[tuple[type[EmbeddedServer], Path], EmbeddedServer] = {}


def database_url(directory: Path, database: str) -> str:
    """Return the URL of a database on the embedded PostgreSQL of `directory`, both made and started where missing.

    The server runs at least as long as this process.
    """
    return _running(PostgresServer, directory).url(database)


def redis_url(directory: Path, number: int = 0) -> str:
    """Return the URL of database `number` of the embedded Redis of `directory`, started where it is not running.

    The server runs at least as long as this process.
    """
    return _running(RedisServer, directory).url(number)


def _running(server_type: type[ServerType], directory: Path) -> ServerType:
    key = (server_type, directory.absolute())
    server = _held.get(key)
    if not isinstance(server, server_type):
        server = server_type(directory)
        server.start()
        _held[key] = server
    return server
