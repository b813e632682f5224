"""PostgreSQL and Redis from wheels, for demo, tests and one machine's own use: started, shared and stopped by need.

Every process that uses a server holds a shared lock; the server runs as long as anyone holds it and stops after the
last one left, however it left. `python -m runtime.embedded postgres DIRECTORY` runs one in the foreground instead.
"""

import atexit
import os
import sys
from pathlib import Path
from typing import TypeVar

from runtime.embedded.postgres import PostgresServer
from runtime.embedded.redis import RedisServer
from runtime.embedded.server import EmbeddedServer, EmbeddedServerError

__all__ = [
    "EmbeddedServer",
    "EmbeddedServerError",
    "PostgresServer",
    "RedisServer",
    "database_url",
    "foreground_command",
    "redis_url",
]

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


def foreground_command(kind: type[EmbeddedServer], directory: Path) -> list[str]:
    """Return the command that runs a server in the foreground, for a supervisor."""
    return [sys.executable, "-m", "runtime.embedded", kind.kind, str(directory)]


def _running(server_type: type[ServerType], directory: Path) -> ServerType:
    key = (server_type, directory.absolute())
    server = _held.get(key)
    if not isinstance(server, server_type):
        server = server_type(directory)
        server.start()
        _held[key] = server
        # Whoever is last waits for the end, so that nothing is left when a command returns.
        atexit.register(_stop_in_process, os.getpid(), server)
    return server


def _stop_in_process(process_id: int, server: EmbeddedServer) -> None:
    if os.getpid() == process_id:  # a fork of it shares the hold, and gives it up by ending
        server.stop()
