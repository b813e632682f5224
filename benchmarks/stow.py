"""STOW-RS: the sets of the paper's table, 50 instances a request, to us and to Orthanc's DICOMweb plugin."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.cstore import INDEXED, MEMORY_SHARE, wait_for_rows
from benchmarks.data import BenchmarkSet, StudyFiles
from benchmarks.disk import DiskLimit
from benchmarks.machine import read_ahead
from benchmarks.memory import ReadyMemory
from benchmarks.plans import ORTHANC, OURS, Benchmark, Contestant, Group, RoundVoid, Row
from benchmarks.processes import forget_peak, peak_megabytes
from benchmarks.senders import stow
from benchmarks.servers import Orthanc, OurServer
from benchmarks.workplace import Workplace

WARM_SENDERS = 8
SENDER_NAME = "benchmark"
SYNCS_AT_ONCE = 16
PEAK = ", peak memory of a process"
# What the abstract says of studies of thousands of instances.
PAPER = {"stow-mr3813": "C-STORE / 50"}
AT_ONCE = {"1 request": 1, "4 requests": 4, "1 request of all": 1}


class Stow(Contestant):
    """What is the same for both: a warm server gets every study of the set, each timed by itself."""

    def __init__(self, workplace: Workplace, data: BenchmarkSet) -> None:
        self.workplace, self.data = workplace, data
        self.uids = [study.study_instance_uid for study in data.studies]
        self.warm_up = workplace.set("warm-up")

    def make_warm(self, url: str, token: str | None) -> None:
        """Some requests at once before the clock runs, so that every process of a server has had one."""
        stow.send(self.warm_up.files, url, token, at_once=WARM_SENDERS)
        read_ahead(self.data.files)

    def send(self, study: StudyFiles, url: str, token: str | None, group: Group) -> float:
        """Seconds to send one study in the way of the group."""
        size = len(study.files) if "of all" in group.name else stow.INSTANCES_A_REQUEST
        return stow.send(study.files, url, token, at_once=AT_ONCE[group.name], instances_a_request=size)

    def all_there(self, where: str, found: int) -> None:
        """Raises RoundVoid unless every instance of the set was found."""
        if found != len(self.data.files):
            raise RoundVoid(f"{found} of {len(self.data.files)} instances in {where}")

    def ready(self) -> ReadyMemory:
        """Memory for all that is sent, while the clock runs."""
        return ReadyMemory(int(self.data.bytes * MEMORY_SHARE))


class OurStow(Stow):
    """Our server: also how long it takes until the index has what was sent, and the memory of its web processes."""

    name = OURS

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        """Send to a server of its own."""
        sent, indexed = [], []
        with OurServer(self.workplace, place) as server, psycopg.connect(server.database_url) as connection:
            token = server.command("add_sender", SENDER_NAME).strip()
            self.make_warm(server.dicomweb_url, token)
            web = server.process_ids("run_web")
            forget_peak(web)
            with self.ready():
                for study in self.data.studies:
                    started = time.perf_counter()
                    sent.append(self.send(study, server.dicomweb_url, token, group))
                    wait_for_rows(connection, study)
                    indexed.append(time.perf_counter() - started)
            peak = peak_megabytes(web)
            self.all_there("the index", server.rows(self.uids))
            self.all_there("the archive", server.files(self.uids)[0])
        return {group.name: median(sent), group.name + INDEXED: median(indexed), group.name + PEAK: peak}


class OrthancStow(Stow):
    """Orthanc with its DICOMweb plugin, default configuration."""

    name = ORTHANC

    def missing(self) -> str | None:
        """Orthanc and its plugin are needed."""
        return Orthanc.missing(dicomweb=True)

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        """Send to a server of its own."""
        with Orthanc(place) as server:
            self.make_warm(server.dicomweb_url, None)
            forget_peak(server.process_ids())
            with self.ready():
                sent = [self.send(study, server.dicomweb_url, None, group) for study in self.data.studies]
            peak = peak_megabytes(server.process_ids())
            self.all_there("Orthanc", server.instances(self.uids))
        return {group.name: median(sent), group.name + PEAK: peak}


def others(way: str) -> tuple[Row, ...]:
    """What else is told of a way to send."""
    return Row(way + INDEXED), Row(way + PEAK, unit="MB")


def benchmark(
    name: str, set_name: str, title: str, targets: Mapping[str, float | None], workplace: Workplace
) -> Benchmark:
    """A benchmark of STOW-RS; `targets` are times Orthanc, by requests at once."""
    data = workplace.set(set_name)
    groups = tuple(
        Group(way, (Row(way, target=target, paper=PAPER.get(name, "n/a")), *others(way)))
        for way, target in targets.items()
    )
    # What comes in one request may be synced side by side.
    limit = DiskLimit(data, dict.fromkeys(AT_ONCE, SYNCS_AT_ONCE))
    contestants = [OurStow(workplace, data), OrthancStow(workplace, data), limit]
    return Benchmark(name, f"STOW-RS, {title}", groups, contestants, footprint=data.bytes)


SENT_AT_ONCE: Mapping[str, float | None] = {"1 request": None, "4 requests": None}
SETS: dict[str, tuple[str, str, Mapping[str, float | None]]] = {
    "stow-cr1": ("cr1", "CR 1 (2500 x 2048), warm server; median of 12 a round", {"1 request": None}),
    "stow-ct38": ("ct38", "CT 38 (JPEG-LS), warm server; median of 8 a round", {"1 request": None}),
    "stow-mr630": ("mr630", "MR 630 (3 x 210, 256 x 256), 50 instances a request", SENT_AT_ONCE),
    "stow-ct1000": (
        "ct1000",
        "CT 1000 (512 x 512, 527 MB), 50 instances a request, durable at the answer",
        {"1 request": 6.0, "4 requests": 5.0},
    ),
    "stow-mr3813": ("mr3813", "MR 3813 (3 x 31 x 41), 50 instances a request", SENT_AT_ONCE),
    "stow-whole": ("ct1000", "CT 1000 in one request of 527 MB", {"1 request of all": None}),
}
STOW = {name: partial(benchmark, name, *about) for name, about in SETS.items()}
