"""`python -m demo.server A COMMAND`: a command of one of the demonstration's DICOM Servers, as its operator runs it."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from demo.databases import Stores
from demo.places import Places, ServerPlace
from demo.programs import server_command, server_environment
from demo.state_files import read_json, write_json
from runtime import env

USAGE_ERROR = 2


def keep_environments(places: Places, stores: Stores) -> None:
    """Write down what each server's programs read, so that its commands find the same database and archive."""
    for server in places.servers:
        write_json(places.environment_file(server), server_environment(places, server, stores))


def command_of(places: Places, arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Environment and command line of what was asked for. Raises ValueError with what to do instead."""
    codes = {server.institution.code: server for server in places.servers}
    name, *command = arguments or [""]
    server: ServerPlace | None = codes.get(name.upper())
    if server is None or not command:
        raise ValueError(f"Usage: python -m demo.server {'|'.join(codes)} COMMAND, such as: A list_peers")
    environment = read_json(places.environment_file(server))
    if not isinstance(environment, dict):
        raise ValueError(f"No demonstration was started in {places.directory}: start it, or name its DEMO_DIR.")
    return environment, server_command(*command)


def become(environment: dict[str, str], command: list[str]) -> NoReturn:
    """Run the command in the place of this process."""
    for name, value in environment.items():
        env.publish(name, value)
    os.execv(command[0], command)  # noqa: S606 - nothing goes through a shell


def main(arguments: list[str]) -> int:
    """Run the command; trouble is told in one sentence."""
    try:
        environment, command = command_of(Places.of_environment(), arguments)
    except (ValueError, env.SettingError) as error:
        print(error, file=sys.stderr, flush=True)
        return USAGE_ERROR
    become(environment, command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
