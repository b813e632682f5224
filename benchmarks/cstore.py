"""C-STORE: the sets of the paper's table from dcmtk's storescu, to us, Orthanc and dcmtk's storescp."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.data import BenchmarkSet, StudyFiles
from benchmarks.disk import DiskLimit
from benchmarks.machine import read_ahead
from benchmarks.memory import ReadyMemory
from benchmarks.plans import ORTHANC, OURS, Benchmark, Contestant, Group, RoundVoid, Row
from benchmarks.processes import wait_until
from benchmarks.senders import storescu
from benchmarks.servers import Orthanc, OurServer, Storescp
from benchmarks.servers.ours import count_rows
from benchmarks.workplace import Workplace

WARM_SENDERS = 8
# A data set is at most once in the page cache of its receiver, and for a moment in its buffers.
MEMORY_SHARE = 1.3
INDEXED = ", until indexed"
NO_DELAY_PEERS = "1 association, peers told TCP_NODELAY"
ASSOCIATIONS = {"1 association": 1, "4 associations": 4, NO_DELAY_PEERS: 1}


class CStore(Contestant):
    """What is the same for all receivers: a warm server gets every study of the set, each timed by itself."""

    def __init__(self, workplace: Workplace, data: BenchmarkSet, *, nagle: bool = False) -> None:
        self.workplace, self.data, self.nagle = workplace, data, nagle
        self.uids = [study.study_instance_uid for study in data.studies]
        self.warm_up = workplace.set("warm-up")

    def missing(self) -> str | None:
        """Without a sender there is nothing to measure."""
        return storescu.missing()

    def make_warm(self, port: int, ae_title: str) -> None:
        """Some associations at once before the clock runs, so that every process of a server has had one."""
        storescu.send(self.warm_up.files, port, ae_title, associations=WARM_SENDERS)
        read_ahead(self.data.files)

    def no_delay(self, group: Group) -> bool:
        """Whether a peer gets TCP_NODELAY in its environment: always but where Nagle's algorithm is measured."""
        return not self.nagle or group.name == NO_DELAY_PEERS

    def ready(self) -> ReadyMemory:
        """Memory for all that is sent, while the clock runs."""
        return ReadyMemory(int(self.data.bytes * MEMORY_SHARE))

    def send(self, study: StudyFiles, port: int, ae_title: str, group: Group) -> float:
        """Seconds to send one study in the way of the group."""
        jpeg_ls = self.data.name == "ct38"
        count = ASSOCIATIONS[group.name]
        return storescu.send(study.files, port, ae_title, associations=count, nagle=self.nagle, jpeg_ls=jpeg_ls)

    def all_there(self, where: str, found: int) -> None:
        """Raises RoundVoid unless every instance of the set was found."""
        if found != len(self.data.files):
            raise RoundVoid(f"{found} of {len(self.data.files)} instances in {where}")


class OurCStore(CStore):
    """Our server: also how long it takes until the index has what was sent."""

    name = OURS

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        """Send to a server of its own."""
        sent, indexed = [], []
        with OurServer(self.workplace, place) as server, psycopg.connect(server.database_url) as connection:
            self.make_warm(server.dicom_port, server.ae_title)
            with self.ready():
                for study in self.data.studies:
                    started = time.perf_counter()
                    sent.append(self.send(study, server.dicom_port, server.ae_title, group))
                    wait_for_rows(connection, study)
                    indexed.append(time.perf_counter() - started)
            self.all_there("the index", server.rows(self.uids))
            files, size = server.files(self.uids)
            self.all_there("the archive", files)
            if size < self.data.bytes * 0.99:
                raise RoundVoid(f"the archive has {size} bytes of {self.data.bytes}")
        return {group.name: median(sent), group.name + INDEXED: median(indexed)}


def wait_for_rows(connection: psycopg.Connection, study: StudyFiles) -> None:
    """Wait until the index has every instance of a study. Raises RoundVoid."""
    wait_until(
        lambda: count_rows(connection, [study.study_instance_uid]) == len(study.files), "The index of what was sent"
    )


class OrthancCStore(CStore):
    """Orthanc, default configuration."""

    name = ORTHANC

    def missing(self) -> str | None:
        """Sender and Orthanc are needed."""
        return super().missing() or Orthanc.missing()

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        """Send to a server of its own."""
        with Orthanc(place, no_delay=self.no_delay(group)) as server:
            self.make_warm(server.dicom_port, server.ae_title)
            with self.ready():
                sent = [self.send(study, server.dicom_port, server.ae_title, group) for study in self.data.studies]
            self.all_there("Orthanc", server.instances(self.uids))
        return {group.name: median(sent)}


class StorescpCStore(CStore):
    """dcmtk's storescp: files without sync, no index."""

    name = "storescp"
    ignore = False

    def missing(self) -> str | None:
        """Sender and receiver are needed."""
        return super().missing() or Storescp.missing()

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        """Send to a server of its own."""
        with Storescp(place, ignore=self.ignore, no_delay=self.no_delay(group)) as server:
            self.make_warm(server.dicom_port, server.ae_title)
            with self.ready():
                sent = [self.send(study, server.dicom_port, server.ae_title, group) for study in self.data.studies]
            if not self.ignore:
                self.all_there("storescp's folder", server.instances() - len(self.warm_up.files))
        return {group.name: median(sent)}


class SinkCStore(StorescpCStore):
    """storescp that drops what it receives: the limit of the sender itself."""

    name = "sender's limit"
    ignore = True


def benchmark(
    name: str, set_name: str, title: str, targets: Mapping[str, float | None], workplace: Workplace
) -> Benchmark:
    """A benchmark of C-STORE; `targets` are times Orthanc, by number of associations."""
    data = workplace.set(set_name)
    groups = tuple(Group(way, (Row(way, target=target), Row(way + INDEXED))) for way, target in targets.items())
    nagle = name.startswith("nagle")
    # What a sender can do at most is no question where it waits most of the time.
    receivers = (OurCStore, OrthancCStore, StorescpCStore, *(() if nagle else (SinkCStore,)))
    contestants: list[Contestant] = [receiver(workplace, data, nagle=nagle) for receiver in receivers]
    contestants += [] if nagle else [DiskLimit(data, ASSOCIATIONS)]
    return Benchmark(name, f"C-STORE, {title}", groups, contestants, footprint=data.bytes)


SETS: dict[str, tuple[str, str, Mapping[str, float | None]]] = {
    "cstore-cr1": ("cr1", "CR 1 (2500 x 2048), warm server; median of 12 a round", {"1 association": 1.3}),
    "cstore-ct38": ("ct38", "CT 38 (JPEG-LS), warm server; median of 8 a round", {"1 association": 1.3}),
    "cstore-mr630": ("mr630", "MR 630 (3 x 210, 256 x 256)", {"1 association": None, "4 associations": None}),
    "cstore-ct1000": (
        "ct1000",
        "CT 1000 (512 x 512, 527 MB), fdatasync before each Success",
        {"1 association": 3.5, "4 associations": 2.2},
    ),
    "cstore-mr3813": ("mr3813", "MR 3813 (3 x 31 x 41)", {"1 association": 4.0, "4 associations": 3.0}),
    "nagle-mr630": (
        "mr630",
        "MR 630, from a sender that leaves Nagle's algorithm on; peers as packaged",
        {"1 association": 40.0, NO_DELAY_PEERS: None},
    ),
}
CSTORE = {name: partial(benchmark, name, *about) for name, about in SETS.items()}
