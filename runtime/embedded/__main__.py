"""Runs an embedded server in the foreground, opens a psql on it, or removes what `make clean` cannot see."""

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from runtime import env
from runtime.embedded import EmbeddedServer, EmbeddedServerError, PostgresServer, RedisServer, account, keeper
from runtime.embedded.postgres import postgres_executable
from runtime.locks import is_locked

SERVERS: dict[str, type[EmbeddedServer]] = {"postgres": PostgresServer, "redis": RedisServer}


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; return the exit code."""
    options = _parser().parse_args(arguments)
    directory: Path = options.directory
    try:
        if options.command == "forget":
            return forget(directory)
        if options.command == "psql":
            return open_psql(directory, options.database, options.rest)
        if options.command == "keep":
            return keeper.keep(SERVERS[options.kind](directory, durable=not options.not_durable))
        return keeper.run_in_foreground(SERVERS[options.command](directory, durable=not options.not_durable))
    except EmbeddedServerError as error:
        print(error, file=sys.stderr)
        return 1


def open_psql(directory: Path, database: str, rest: Sequence[str]) -> int:
    """Run the wheel's psql on a database of the directory; return its exit code."""
    with PostgresServer(directory) as server:
        # Ctrl-C is for psql, which ends a query with it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        command = [str(postgres_executable("psql")), *rest]
        environment = env.inherited({**server.client_environment(database), "PGAPPNAME": "psql"})
        return subprocess.run(command, env=environment, check=False).returncode


def forget(directory: Path) -> int:
    """Remove data that root had to place elsewhere for servers of `directory`, unless one is running."""
    running = [lock.parent for lock in directory.rglob("server.lock") if is_locked(lock)]
    if running:
        print(f"Still running: {', '.join(map(str, running))}. Stop what uses it first.", file=sys.stderr)
        return 1
    account.forget_places_below(directory.absolute())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m runtime.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for kind in SERVERS:
        command = commands.add_parser(kind, help=f"run the {kind} of a directory until SIGTERM or Ctrl-C")
        command.add_argument("directory", type=Path)
        command.add_argument("--not-durable", action="store_true")
    command = commands.add_parser("keep", help="run a server in the background as long as a process uses it")
    command.add_argument("kind", choices=sorted(SERVERS))
    command.add_argument("directory", type=Path)
    command.add_argument("--not-durable", action="store_true")
    command = commands.add_parser("psql", help="open psql on a database of a directory")
    command.add_argument("directory", type=Path)
    command.add_argument("database")
    command.add_argument("rest", nargs=argparse.REMAINDER)
    command = commands.add_parser("forget", help="remove what was placed outside a directory for its servers")
    command.add_argument("directory", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
