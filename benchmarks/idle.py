"""Idle associations: what 200 of them cost in processor time, in memory, and in the time of a sender beside them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.data.made import EXPLICIT, MR_IMAGE, Template
from benchmarks.footprints import processor_seconds_of, resident_bytes
from benchmarks.plans import OURS, Benchmark, Contestant, Group, Row
from benchmarks.processes import wait_for_rest
from benchmarks.senders.scu import VERIFICATION, ScuAssociation
from benchmarks.servers import OurServer
from benchmarks.workplace import Workplace

IDLE = 200
LOOK_SECONDS = 20.0
PICTURE = 256
INSTANCES = 200
REPEATS = 5
# An operator with so many modalities allows them.
ROOM = {"MAXIMUM_ASSOCIATIONS": "256"}
WITHOUT, BESIDE = "processor without", "processor with 200"
MEMORY, SLOWER = "memory an association", "instance beside 200"
ROWS = (
    Row(WITHOUT, "% of one"),
    Row(BESIDE, "% of one", limit=5.0),
    Row(MEMORY, "kB", limit=500.0),
    Row(SLOWER, "x without", limit=1.2),
)


class IdleAssociations(Contestant):
    """Our server with associations that do nothing."""

    name = OURS

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace

    def measure(self, _group: Group, place: Path) -> Mapping[str, float]:
        """Look at the server without them, then with them."""
        with OurServer(self.workplace, place, ROOM) as server:
            template = Template.mr(PICTURE, PICTURE)
            send(server, template)
            alone, beside = [send(server, template) for _ in range(REPEATS)], []
            wait_for_rest(server.processes)
            idle_before, bytes_before = share_of_processor(server), resident(server)
            with ExitStack() as associations:
                for number in range(IDLE):
                    calling = f"IDLE{number}"
                    association = ScuAssociation(server.dicom_port, server.ae_title, VERIFICATION, EXPLICIT, calling)
                    associations.enter_context(association)
                wait_for_rest(server.processes)
                idle_beside, bytes_beside = share_of_processor(server), resident(server)
                beside = [send(server, template) for _ in range(REPEATS)]
        return {
            WITHOUT: idle_before,
            BESIDE: idle_beside,
            MEMORY: (bytes_beside - bytes_before) / IDLE / 1000,
            SLOWER: median(beside) / median(alone),
        }


def send(server: OurServer, template: Template) -> float:
    """Seconds of an instance in the middle of some over one association."""
    with ScuAssociation(server.dicom_port, server.ae_title, MR_IMAGE, EXPLICIT, "MODALITY") as association:
        return median(association.store(template.instance(number)) for number in range(INSTANCES))


def share_of_processor(server: OurServer) -> float:
    """What all processes of the receiver need while nothing comes, in percent of one processor."""
    ids = server.process_ids("run_scp")
    before = processor_seconds_of(ids)
    time.sleep(LOOK_SECONDS)
    return (processor_seconds_of(ids) - before) / LOOK_SECONDS * 100


def resident(server: OurServer) -> int:
    """What all processes of the receiver have in memory."""
    return resident_bytes(server.process_ids("run_scp"))


def benchmark(workplace: Workplace) -> Benchmark:
    """The benchmark of idle associations."""
    title = f"{IDLE} associations that do nothing: processor time of run_scp in {LOOK_SECONDS:.0f} s, memory, C-STORE"
    return Benchmark("idle", title, (Group("idle", ROWS),), [IdleAssociations(workplace)], footprint=0)


IDLE_ASSOCIATIONS = {"idle": benchmark}
