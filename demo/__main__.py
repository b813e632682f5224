"""`python -m demo [DATA]`: a whole network on one machine, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType

from demo.conductor import Conductor, NotInTime, say
from demo.databases import StoresInUse
from demo.identity_provider_program import NodeMissing
from demo.identity_providers import ProvidersMissing, check_installed, make_secrets, write_configurations
from demo.places import Places, PortTaken, check_ports
from demo.preparation import StepFailed, prepare
from demo.programs import all_programs
from demo.sender import NoAssociation
from demo.server import keep_environments
from demo.state_files import mark_not_ready
from runtime import env
from runtime.embedded import EmbeddedServerError
from runtime.leftovers import MARK, end_leftovers, processes_marked
from runtime.locks import FileLock, LockTimeoutError
from runtime.processes import ProcessesError, run

LEFTOVER_SECONDS = 20.0
TROUBLE = (
    PortTaken,
    ProcessesError,
    EmbeddedServerError,
    NodeMissing,
    ProvidersMissing,
    StepFailed,
    NotInTime,
    NoAssociation,
    LockTimeoutError,
    env.SettingError,
)


class Interrupted(Exception):
    """SIGTERM came before the programs ran."""


def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler
    """Unwind, so that whatever was started is ended."""
    raise Interrupted


def own_data(arguments: list[str]) -> Path | None:
    """The visitor's own folder: the argument, or DATA of the environment."""
    named = arguments[0] if arguments else env.text("DATA", "")
    return Path(named).expanduser().absolute() if named else None


def start(places: Places, data: Path | None) -> int:
    """Prepare and run; returns the exit code."""
    places.directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(places.directory / "demo.lock")
    if not lock.try_acquire():
        raise ProcessesError(f"A demonstration runs in {places.directory} already: stop it, or set another DEMO_DIR.")
    try:
        return start_alone(places, data)
    finally:
        lock.release()


def start_alone(places: Places, data: Path | None) -> int:
    """Prepare and run in a folder that nobody else uses."""
    # Whatever an earlier demonstration left when it was killed ends by itself, or now.
    end_leftovers(lambda: processes_marked(places.mark), patience_seconds=LEFTOVER_SECONDS)
    env.publish(MARK, places.mark)
    check_ports(places)
    check_installed()
    make_secrets(places)
    places.content_file.unlink(missing_ok=True)
    mark_not_ready(places.demo_file)
    say(f"Preparing the demonstration in {places.directory} ...")
    try:
        with StoresInUse(places) as stores:
            prepared = prepare(places, stores)
            write_configurations(places, prepared.people)
            keep_environments(places, stores)
        say("Starting the portal and two DICOM Servers ...")
        conductor = Conductor(places, stores, prepared, data)
        return run(all_programs(places, stores), places.programs_directory, conductor.conduct)
    finally:
        mark_not_ready(places.demo_file)


def main(arguments: list[str]) -> int:
    """Run the demonstration; trouble is told in one sentence."""
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return start(Places.of_environment(), own_data(arguments))
    except TROUBLE as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    except (KeyboardInterrupt, Interrupted):
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
