"""What is done before the programs run: databases migrated, people made, phantoms drawn; all of it at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from demo.databases import Stores
from demo.identity_providers import callbacks_file
from demo.phantoms.library import PhantomStudy, phantom_studies
from demo.places import Places
from demo.programs import portal_environment, server_command, server_environment
from demo.state_files import read_json
from runtime import env
from runtime.leftovers import end_leftovers, processes_marked
from runtime.processes import PROJECT_ROOT

TIME_ZONE = ZoneInfo("Europe/Chisinau")
STEP_SECONDS = 300


class StepFailed(Exception):
    """A step of the preparation did not succeed; the message names its log."""


@dataclass(frozen=True)
class Prepared:
    """What the preparation left for the run."""

    studies: list[PhantomStudy]
    people: list[dict[str, str]]
    codes: dict[str, str]


def prepare(places: Places, stores: Stores) -> Prepared:
    """Bring the databases up to date, fill the portal and draw the phantoms."""
    people_file = places.people_file
    codes_file = places.programs_directory / "enrolment-codes.json"
    with ThreadPoolExecutor(len(places.servers) + 2) as pool:
        try:
            drawing = pool.submit(phantom_studies, places.phantoms_directory, now_on_the_hour())
            steps = [
                pool.submit(
                    run_step,
                    places,
                    f"migrate-{server.name}",
                    server_command("migrate", "--no-input"),
                    server_environment(places, server, stores),
                )
                for server in places.servers
            ]
            provider = places.institution_provider
            seeding = [sys.executable, "-m", "demo.seed_portal", "people", str(people_file), str(codes_file)]
            seeding += [provider.issuer, str(provider.secret_file), str(callbacks_file(places))]
            run_step(places, "seed-people", seeding, portal_environment(places, stores))
            wait_for_all(*steps, drawing)
        except BaseException:
            # The threads end when the processes that they wait for do.
            end_leftovers(lambda: processes_marked(places.mark), patience_seconds=0)
            raise
    return Prepared(drawing.result(), read_json(people_file), read_json(codes_file))


def wait_for_all(*futures: Future[Any]) -> None:
    """Wait; the first failure is raised."""
    for future in futures:
        future.result()


def now_on_the_hour() -> datetime:
    """The present hour, from which the studies are dated back."""
    return datetime.now(TIME_ZONE).replace(minute=0, second=0, microsecond=0)


def run_step(places: Places, name: str, command: list[str], environment: Mapping[str, str]) -> None:
    """Run a command to its end, its output kept in the logs. Raises StepFailed."""
    log = log_of(places, name)
    with log.open("w", encoding="utf-8") as stream:
        try:
            subprocess.run(
                command,
                cwd=PROJECT_ROOT,
                env=env.inherited(dict(environment)),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                timeout=STEP_SECONDS,
                check=True,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise StepFailed(f"The step {name} failed.\n{end_of(log)}\nAll of it is in {log}.") from error


def log_of(places: Places, name: str) -> Path:
    """The log file of a step."""
    folder = places.programs_directory / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def end_of(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
