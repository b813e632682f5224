"""The demonstration's phantom files on disk: made once, in parallel, and found again at the next start."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

from demo.catalogue import STUDIES, PlannedStudy
from demo.phantoms.datasets import EDITION, phantom_uid
from demo.phantoms.studies import StudyMaker
from demo.state_files import read_json, write_json
from runtime.locks import FileLock

CONTENTS = "contents.json"
"""Written last: a folder without it was left by a crash and is made again."""
DRAWN_SECONDS = 280.0
"""How long one waits for another who draws into the same folder: a little less than for any step of the preparation."""


@dataclass(frozen=True)
class PhantomStudy:
    """One study on disk."""

    key: str
    institution: str
    study_instance_uid: str
    files: tuple[Path, ...]


def phantom_studies(directory: Path, as_of: datetime, studies: Sequence[PlannedStudy] = STUDIES) -> list[PhantomStudy]:
    """The phantom studies in `directory`, oldest first, made now (dated back from `as_of`) unless they are there.

    Of several who want them at once one makes them. Raises LockTimeoutError where that does not end.
    """
    lock = FileLock(directory.with_name(f"{directory.name}.lock"))
    lock.path.parent.mkdir(parents=True, exist_ok=True)
    lock.acquire(seconds=DRAWN_SECONDS)
    try:
        return found_or_made(directory, as_of, studies)
    finally:
        lock.release()


def found_or_made(directory: Path, as_of: datetime, studies: Sequence[PlannedStudy]) -> list[PhantomStudy]:
    """The phantom studies in a folder into which nobody else draws."""
    studies = sorted(studies, key=lambda study: -study.hours_ago)
    contents = directory / CONTENTS
    found = read_json(contents)
    keys = [study.key for study in studies]
    if found is not None and (found["edition"], found["keys"]) == (EDITION, keys):
        as_of = datetime.fromisoformat(found["as_of"])
        return [stored_study(directory, study, as_of) for study in studies]
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    # Spawned, not forked: the caller may hold threads and sockets.
    with ProcessPoolExecutor(cpu_count(), mp_context=get_context("spawn")) as pool:
        list(pool.map(make_study, studies, [as_of] * len(studies), [directory] * len(studies)))
    record = {"edition": EDITION, "as_of": as_of.isoformat(), "keys": keys}
    write_json(contents, record)
    return [stored_study(directory, study, as_of) for study in studies]


def make_study(study: PlannedStudy, as_of: datetime, directory: Path) -> int:
    """Make one study; returns its number of files."""
    return len(StudyMaker(study, as_of, directory / study.key).make())


def stored_study(directory: Path, study: PlannedStudy, as_of: datetime) -> PhantomStudy:
    """What the folder of a study holds."""
    files = tuple(sorted((directory / study.key).glob("*.dcm")))
    return PhantomStudy(study.key, study.institution, phantom_uid(as_of.date().isoformat(), study.key), files)
