"""What a DICOM Server asks its own index all the time, timed in a process of that server: prints one JSON object.

`python -m benchmarks.scale.questions STUDY_INSTANCE_UID`, with the environment of the server.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from statistics import median
from typing import Any
from uuid import uuid4

import django
from django.db import transaction
from django.utils import timezone

REPEATS = 15
MILLISECONDS = 1000


def part(name: str) -> Any:
    """A module of the DICOM Server: another Django project than the one with which the benchmarks are type-checked."""
    return import_module(f"dicomserver.{name}")


def next_due_message() -> None:
    """What a delivery begins with, while nothing is due."""
    with transaction.atomic():
        part("outbox.selectors").next_due_message_locked(timezone.now())


def tasks() -> None:
    """The questions of all other tasks of the beat, while none of them has anything to do."""
    services, access, dicomweb = part("outbox.services"), part("access.services"), part("dicomweb.selectors")
    services.complete_quiet_studies()
    services.hasten_unreachable()
    services.prune_delivered()
    access.close_viewing_sessions()
    access.prune()
    list(dicomweb.unprepared_series(quiet_seconds=2.0, limit=100))
    list(dicomweb.unpictured_series(limit=100))


def report(study_instance_uid: str) -> None:
    """The report of one study."""
    study = part("index.selectors").study_by_uid(study_instance_uid)
    if study is None:
        raise LookupError(study_instance_uid)
    part("outbox.reports").build_study_report(study, server_id=uuid4(), message_id=uuid4())


def milliseconds(question: Callable[[], object]) -> float:
    """Of one question in the middle of several, after a first one."""
    question()
    values = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        question()
        values.append((time.perf_counter() - started) * MILLISECONDS)
    return median(values)


def main(study_instance_uid: str) -> None:
    """Time every question and print the answers."""
    django.setup()
    index, outbox = part("index.selectors"), part("outbox.selectors")
    questions: dict[str, Callable[[], object]] = {
        "study report": lambda: report(study_instance_uid),
        "counts of a heartbeat": lambda: (index.index_counts(), outbox.outbox_counts()),
        "next due message": next_due_message,
        "other tasks of the beat": tasks,
    }
    print(json.dumps({name: milliseconds(question) for name, question in questions.items()}))


if __name__ == "__main__":
    main(sys.argv[1])
