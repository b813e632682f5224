"""Scale: an index of a million studies beside one of three thousand, both servers running, measured in turns."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import mean, median

import psycopg

from benchmarks.data import StudyFiles
from benchmarks.data.made import EXPLICIT, Template
from benchmarks.plans import OURS, Benchmark, Contestant, Group, RoundVoid, Row
from benchmarks.processes import wait_for_rest, wait_until
from benchmarks.readers.http_load import fetch, load
from benchmarks.reading import JSON, Readable, repeated
from benchmarks.rounds import say
from benchmarks.scale.rows import fill
from benchmarks.senders.scu import ScuAssociation
from benchmarks.servers import OurServer
from benchmarks.workplace import Workplace
from runtime import env
from runtime.processes import PROJECT_ROOT

FEW, MANY = 3_000, 1_000_000
TURNS = 7
LIMIT = 1.2
MR_INSTANCES, CR_INSTANCES = 630, 24
READ_SECONDS, CONNECTIONS = 1.5, 8
SEARCHES, REPEATS = 60, 15
QUESTION_SECONDS = 120
QUIET = {"STUDY_QUIET_SECONDS": "2"}
MR, INDEXED, CR = "C-STORE, MR 630, an instance", "until indexed, an instance", "C-STORE, CR, an instance"
FRAME, METADATA, STUDIES, INSTANCES = "frame, 8 connections", "metadata of 630", "QIDO study", "QIDO 630 instances"
QUESTIONS = ("study report", "counts of a heartbeat", "next due message", "other tasks of the beat")
# Counting grows with what is counted; it is done with each heartbeat, of whose ten seconds it may take one percent.
COUNTS, COUNTS_LIMIT = QUESTIONS[1], 100.0
WORK = (MR, INDEXED, CR, FRAME, METADATA, STUDIES, INSTANCES, *QUESTIONS)
FOOTPRINT = 4 * 1024**3


class FilledServer(OurServer):
    """Our server with so many studies in its index; their files are not there."""

    def __init__(self, workplace: Workplace, place: Path, studies: int) -> None:
        super().__init__(workplace, place, QUIET)
        self.studies = studies
        self.read_one_by_one: dict[str, int] = {}

    def _start(self) -> None:
        started = time.monotonic()
        fill(self.database_url, self.studies)
        say(f"  {self.studies} studies in the index, {time.monotonic() - started:.0f} s")
        self.read_one_by_one = rows_read_one_by_one(self.database_url)
        super()._start()

    def scans(self) -> dict[str, int]:
        """Rows that were read without an index since the start, by table."""
        now = rows_read_one_by_one(self.database_url)
        return {table: count - self.read_one_by_one.get(table, 0) for table, count in now.items()}


def rows_read_one_by_one(database_url: str) -> dict[str, int]:
    """Rows that sequential scans read so far, by table."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT relname, seq_tup_read FROM pg_stat_user_tables").fetchall()
    return {str(table): int(count) for table, count in found}


class Scale(Contestant):
    """Both of our servers."""

    name = OURS

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace

    def measure(self, _group: Group, place: Path) -> Mapping[str, float]:
        """All the work in turns; medians of milliseconds, and how many times longer it takes among many studies."""
        found: dict[int, dict[str, list[float]]] = {}
        with ExitStack() as stack:
            servers = []
            for studies in (FEW, MANY):
                folder = place / str(studies)
                folder.mkdir()
                servers.append(stack.enter_context(FilledServer(self.workplace, folder, studies)))
                found[studies] = defaultdict(list)
            for turn in range(TURNS + 1):
                for server in servers if turn % 2 else reversed(servers):
                    for name, milliseconds in one_turn(server):
                        # The first turn makes both warm.
                        if turn:
                            found[server.studies][name].append(milliseconds)
            say(f"  rows read without an index: {servers[-1].scans()}")
        few, many = ({name: median(found[studies][name]) for name in WORK} for studies in (FEW, MANY))
        return {
            **{name: many[name] / few[name] for name in WORK},
            **{f"{name}, {FEW}": few[name] for name in WORK},
            **{f"{name}, {MANY}": many[name] for name in WORK},
        }


def one_turn(server: FilledServer) -> Iterator[tuple[str, float]]:
    """Every kind of work once, in milliseconds."""
    template = Template.mr(256, 256)
    uids: list[str] = []
    started = time.perf_counter()
    yield MR, mean(store(server, template, MR_INSTANCES, uids))
    wait_until(partial(has, server, template), "The index of what was sent", server.processes)
    yield INDEXED, (time.perf_counter() - started) / MR_INSTANCES * 1000
    yield CR, median(store(server, Template.mr(2500, 2048), CR_INSTANCES, []))
    wait_for_rest(server.processes)
    study = StudyFiles(template.study_instance_uid, (template.series_instance_uid,), ())
    token = partial(server.viewer_token, template.study_instance_uid)
    readable = Readable(server.web_port, "/dicomweb", token, study, tuple(uids))
    yield FRAME, 1000 / load(readable.frames(), connections=CONNECTIONS, seconds=READ_SECONDS).per_second
    for name, path, count in (
        (METADATA, f"{readable.series_path}/metadata", REPEATS),
        (STUDIES, f"{readable.root}/studies?StudyInstanceUID={study.study_instance_uid}", SEARCHES),
        (INSTANCES, f"{readable.study_path}/instances", REPEATS),
    ):
        requests = readable.requests([path], JSON)
        fetch(requests)
        yield name, repeated(requests, count)
    yield from ask(server, template.study_instance_uid).items()


def store(server: OurServer, template: Template, count: int, uids: list[str]) -> list[float]:
    """Milliseconds of each instance, over one association."""
    seconds = []
    with ScuAssociation(server.dicom_port, server.ae_title, template.sop_class_uid, EXPLICIT, "MODALITY") as sending:
        for number in range(count):
            instance = template.instance(number)
            uids.append(instance.sop_instance_uid)
            seconds.append(sending.store(instance) * 1000)
    return seconds


def has(server: OurServer, template: Template) -> bool:
    """Whether the index has all that was sent of the template's study."""
    return server.rows([template.study_instance_uid]) == MR_INSTANCES


def ask(server: OurServer, study_instance_uid: str) -> dict[str, float]:
    """What the server asks its own index, in a process of its own. Raises RoundVoid."""
    command = [sys.executable, "-m", "benchmarks.scale.questions", study_instance_uid]
    environment = env.inherited(server.environment)
    done = subprocess.run(
        command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False,
        timeout=QUESTION_SECONDS,
    )  # fmt: skip
    if done.returncode:
        raise RoundVoid(f"The questions failed: {done.stderr[-500:]}")
    answers: dict[str, float] = json.loads(done.stdout)
    return answers


def rows() -> Sequence[Row]:
    """How many times longer each work takes, and its milliseconds in both."""
    ratios = [Row(name, "x 3 k", limit=None if name == COUNTS else LIMIT) for name in WORK]
    limits = {(COUNTS, MANY): COUNTS_LIMIT}
    pairs = [(name, studies) for name in WORK for studies in (FEW, MANY)]
    return [*ratios, *(Row(f"{name}, {studies}", "ms", limit=limits.get((name, studies))) for name, studies in pairs)]


def benchmark(workplace: Workplace) -> Benchmark:
    """The benchmark of scale."""
    title = f"Time of the same work with {MANY:,} studies in the index, in times of that with {FEW:,}; {TURNS} turns"
    return Benchmark("scale", title, (Group("scale", tuple(rows())),), [Scale(workplace)], FOOTPRINT, rounds=1)


SCALE = {"scale": benchmark}
