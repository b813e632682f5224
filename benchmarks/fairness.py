"""Fairness: sixteen modalities at once, alike or one of them with far more to send, and what each of them waits."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from benchmarks.data.made import EXPLICIT, MULTI_FRAME, LargeObject, Template
from benchmarks.plans import ORTHANC, OURS, Benchmark, Contestant, Group, RoundVoid, Row
from benchmarks.processes import wait_until
from benchmarks.senders.scu import ScuAssociation
from benchmarks.servers import Orthanc, OurServer
from benchmarks.workplace import Workplace

SENDERS = 16
INSTANCES = 150
WARM_INSTANCES = 5
PICTURE = 256
LARGE_FRAMES = 1000
LIMIT = 2.0
SENDER_SECONDS = 300
SLOWEST_SENDER, SLOWEST_MEAN, PERCENTILE = "slowest sender", "slowest mean instance", "99 % of instances"
LONGEST, BESIDE_LARGE = "longest instance", "beside a large one"
MEAN_ALIKE, MEAN_BESIDE_LARGE = "mean instance, alike", "mean instance, beside a large one"
ROWS = (
    Row(SLOWEST_SENDER, "x mean", limit=LIMIT),
    Row(SLOWEST_MEAN, "x mean", limit=LIMIT),
    Row(PERCENTILE, "x mean"),
    Row(LONGEST, "x mean"),
    Row(BESIDE_LARGE, "x alike", limit=LIMIT),
    Row(MEAN_ALIKE, "ms"),
    Row(MEAN_BESIDE_LARGE, "ms"),
)

_spawn = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Task:
    """Where a sender sends to, and its picture; a large sender sends one large object after the other."""

    port: int
    ae_title: str
    calling: str
    template: Template
    is_large: bool


@dataclass(frozen=True)
class Sent:
    """What one sender measured: seconds of the whole, and of each instance up to its answer."""

    seconds: float
    instances: list[float]


def work(pipe: Pipe, task: Task) -> None:
    """One sender, as a process: says that it is warm, waits for the start, tells what it measured."""
    try:
        sop_class_uid = MULTI_FRAME if task.is_large else task.template.sop_class_uid
        with ScuAssociation(task.port, task.ae_title, sop_class_uid, EXPLICIT, task.calling) as association:
            for number in range(WARM_INSTANCES * (not task.is_large)):
                association.store(task.template.instance(number))
            pipe.send("warm")
            pipe.recv()
            pipe.send(send_large(pipe, association) if task.is_large else send_pictures(task, association))
    except (OSError, RoundVoid) as error:
        pipe.send(f"{task.calling}: {type(error).__name__}: {error}")


def send_pictures(task: Task, association: ScuAssociation) -> Sent:
    """Send the pictures of an ordinary sender."""
    pictures = [task.template.instance(number) for number in range(INSTANCES)]
    started = time.perf_counter()
    seconds = [association.store(picture) for picture in pictures]
    return Sent(time.perf_counter() - started, seconds)


def send_large(pipe: Pipe, association: ScuAssociation) -> Sent:
    """Send large objects until told that the others are done."""
    started = time.perf_counter()
    seconds = []
    while not pipe.poll():
        seconds.append(association.store(LargeObject.of(LARGE_FRAMES).sendable()))
    return Sent(time.perf_counter() - started, seconds)


def send_at_once(port: int, ae_title: str, template: Template, *, with_large: bool) -> list[Sent]:
    """What the ordinary senders measured, all beginning together; one in the place of the last may send large objects.

    Raises RoundVoid.
    """
    pipes, processes = [], []
    for number in range(SENDERS):
        ours, theirs = _spawn.Pipe()
        is_large = with_large and number == SENDERS - 1
        task = Task(port, ae_title, f"MODALITY{number}", template, is_large)
        processes.append(_spawn.Process(target=work, args=(theirs, task), daemon=True))
        processes[-1].start()
        theirs.close()
        pipes.append(ours)
    try:
        for pipe in pipes:
            answer(pipe)
        for pipe in pipes:
            pipe.send("go")
        ordinary = pipes[:-1] if with_large else pipes
        sent = [answer(pipe) for pipe in ordinary]
        if with_large:
            pipes[-1].send("enough")
            answer(pipes[-1])
    finally:
        for process in processes:
            process.kill()
            process.join()
    return sent


def answer(pipe: Pipe) -> Any:
    """What a sender says. Raises RoundVoid where it failed, or says nothing for too long."""
    if not pipe.poll(SENDER_SECONDS):
        raise RoundVoid(f"A sender said nothing for {SENDER_SECONDS} s.")
    try:
        said = pipe.recv()
    except EOFError as error:
        raise RoundVoid("A sender ended without a word.") from error
    if isinstance(said, str) and said != "warm":
        raise RoundVoid(said)
    return said


def figures(alike: Sequence[Sent], beside_large: Sequence[Sent]) -> dict[str, float]:
    """The values of all rows."""
    seconds = [sent.seconds for sent in alike]
    means = [mean(sent.instances) for sent in alike]
    each = [instance for sent in alike for instance in sent.instances]
    beside = [mean(sent.instances) for sent in beside_large]
    return {
        SLOWEST_SENDER: max(seconds) / mean(seconds),
        SLOWEST_MEAN: max(means) / mean(means),
        PERCENTILE: quantiles(each, n=100)[-1] / mean(each),
        LONGEST: max(each) / mean(each),
        BESIDE_LARGE: max(beside) / mean(means),
        MEAN_ALIKE: mean(means) * 1000,
        MEAN_BESIDE_LARGE: mean(beside) * 1000,
    }


class OurFairness(Contestant):
    """Our server with sixteen senders."""

    name = OURS

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace

    def measure(self, _group: Group, place: Path) -> Mapping[str, float]:
        """Alike first, then fifteen beside a large one."""
        template, other = Template.mr(PICTURE, PICTURE), Template.mr(PICTURE, PICTURE)
        with OurServer(self.workplace, place) as server:
            alike = send_at_once(server.dicom_port, server.ae_title, template, with_large=False)
            beside_large = send_at_once(server.dicom_port, server.ae_title, other, with_large=True)
            for each, senders in ((template, SENDERS), (other, SENDERS - 1)):
                count = senders * (INSTANCES + WARM_INSTANCES)
                wait_until(partial(self.has, server, each, count), "The index of what was sent", server.processes)
        return figures(alike, beside_large)

    @staticmethod
    def has(server: OurServer, template: Template, count: int) -> bool:
        """Whether the index has every instance of the template's study."""
        return server.rows([template.study_instance_uid]) == count


class OrthancFairness(Contestant):
    """Orthanc with the same senders."""

    name = ORTHANC

    def missing(self) -> str | None:
        """Orthanc is needed."""
        return Orthanc.missing()

    def measure(self, _group: Group, place: Path) -> Mapping[str, float]:
        """Alike first, then fifteen beside a large one."""
        with Orthanc(place) as server:
            results = [
                send_at_once(server.dicom_port, server.ae_title, Template.mr(PICTURE, PICTURE), with_large=with_large)
                for with_large in (False, True)
            ]
        return figures(*results)


def benchmark(workplace: Workplace) -> Benchmark:
    """The benchmark of fairness."""
    title = f"{SENDERS} senders of {INSTANCES} MR pictures each; then {SENDERS - 1} of them beside one of large objects"
    remarks = (
        "x mean: in times of the mean of all senders or instances.",
        "x alike: the slowest mean beside the large sender, in times of the mean where all send alike.",
    )
    contestants = [OurFairness(workplace), OrthancFairness()]
    size = LARGE_FRAMES * 2 * 512**2 * 4
    return Benchmark("fairness", title, (Group("fairness", ROWS),), contestants, size, remarks=remarks)


FAIRNESS = {"fairness": benchmark}
