"""Memory: an object of 2 GB and a study of 10,000 instances, in by C-STORE and STOW-RS and out again."""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.data.made import EXPLICIT, MR_IMAGE, MULTI_FRAME, LargeObject, Template
from benchmarks.footprints import POSTGRES, REDIS, MemoryWatch, roots_of
from benchmarks.plans import OURS, Benchmark, Contestant, Group, RoundVoid, Row
from benchmarks.processes import wait_until
from benchmarks.rounds import say
from benchmarks.senders.scu import ScuAssociation
from benchmarks.servers import OurServer
from benchmarks.servers.ours import PROCESSES
from benchmarks.workplace import Workplace

LIMIT_MB = 300.0
LARGE_FRAMES = 4096
FRAME_READS = 300
READERS = 4
INSTANCES = 10_000
SENDERS = 4
SMALL_ROWS = 64
ANSWER_SECONDS = 180
BOUNDARY = "benchmark-part"
QUIET = {"STUDY_QUIET_SECONDS": "5"}
C_STORE, STOW, LARGE_READ = "2 GB by C-STORE", "2 GB by STOW-RS", "2 GB read"
MANY, MANY_READ = "10,000 by C-STORE", "10,000 read"
STEPS = (C_STORE, STOW, LARGE_READ, MANY, MANY_READ)
REPORT_SECONDS = 120


class BoundedMemory(Contestant):
    """Our server, with the peak memory of each process in each step."""

    name = OURS

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace

    def measure(self, _group: Group, place: Path) -> Mapping[str, float]:
        """All steps, one after the other; the peaks in MB by step and by process."""
        by_step: dict[str, dict[str, float]] = {}
        with OurServer(self.workplace, place, QUIET) as server:
            watch = MemoryWatch(roots_of(server))
            try:
                for name, work in steps(server):
                    started = time.monotonic()
                    with watch.step() as peaks:
                        work()
                    by_step[name] = peaks
                    figures = ", ".join(f"{process} {megabytes:.0f}" for process, megabytes in peaks.items())
                    say(f"  {name} ({time.monotonic() - started:.0f} s), MB: {figures}")
            finally:
                watch.stop()
        values = {name: max(peaks.values()) for name, peaks in by_step.items()}
        return values | {
            process: max(peaks[process] for peaks in by_step.values()) for process in (*PROCESSES, *STORES)
        }


STORES = (POSTGRES, REDIS)


def steps(server: OurServer) -> Iterator[tuple[str, Callable[[], None]]]:
    """The work of each step, in order."""
    first, second = LargeObject.of(LARGE_FRAMES), LargeObject.of(LARGE_FRAMES)
    template = Template.mr(SMALL_ROWS, SMALL_ROWS)
    yield C_STORE, partial(store_large, server, first)
    yield STOW, partial(stow_large, server, second)
    yield LARGE_READ, partial(read_large, server, (first, second))
    yield MANY, partial(store_many, server, template)
    yield MANY_READ, partial(read_many, server, template)


def store_large(server: OurServer, large: LargeObject) -> None:
    """Send it as it is made."""
    with ScuAssociation(server.dicom_port, server.ae_title, MULTI_FRAME, EXPLICIT, "MODALITY") as association:
        association.store(large.sendable())
    wait_for_instances(server, large.study_instance_uid, 1)


def stow_large(server: OurServer, large: LargeObject) -> None:
    """Send it in one request, as it is made. Raises RoundVoid unless it is stored."""
    token = server.command("add_sender", "benchmark").strip()
    head, tail = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode(), f"\r\n--{BOUNDARY}--\r\n".encode()
    file = large.file()
    meta = next(file)
    lines = [
        "POST /dicomweb/studies HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        "Accept: application/dicom+json",
        f'Content-Type: multipart/related; type="application/dicom"; boundary={BOUNDARY}',
        f"Content-Length: {len(head) + len(meta) + large.size + len(tail)}",
    ]
    with socket.create_connection(("127.0.0.1", server.web_port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + head + meta)
        for piece in file:
            connection.sendall(piece)
        connection.sendall(tail)
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        body = answer.read()
    if answer.status != 200:
        raise RoundVoid(f"STOW-RS was answered with {answer.status}: {body[:300]!r}")
    wait_for_instances(server, large.study_instance_uid, 1)


def read_large(server: OurServer, objects: tuple[LargeObject, ...]) -> None:
    """Frames by chance from several readers at once, metadata, and a rendered frame of each object."""
    for large in objects:
        base = f"/dicomweb/studies/{large.study_instance_uid}/series/{large.series_instance_uid}"
        instance = f"{base}/instances/{large.sop_instance_uid}"
        numbers = [random.SystemRandom().randint(1, large.frames) for _ in range(FRAME_READS)]
        with ThreadPoolExecutor(READERS) as readers:
            for _ in readers.map(partial(check_frame, server, large, instance), numbers):
                pass
        frames = f"{instance}/frames/{','.join(map(str, numbers[:50]))}"
        if len(get(server, large.study_instance_uid, frames)) < 50 * len(large.noise):
            raise RoundVoid("Fifty frames in one answer are not whole.")
        metadata = json.loads(get(server, large.study_instance_uid, f"{base}/metadata"))
        if metadata[0]["00280008"]["Value"] != [large.frames]:
            raise RoundVoid("The metadata of the large object are not its own.")
        get(server, large.study_instance_uid, f"{instance}/rendered", "image/jpeg")
        get(server, large.study_instance_uid, f"{base}/thumbnail", "image/jpeg")
        drop(server, large.study_instance_uid, instance, large.size)


def check_frame(server: OurServer, large: LargeObject, instance: str, number: int) -> None:
    """One frame is the one that was sent, byte by byte."""
    accept = "application/octet-stream"
    if get(server, large.study_instance_uid, f"{instance}/frames/{number}", accept) != large.frame(number):
        raise RoundVoid(f"Frame {number} is not the one that was sent.")


def store_many(server: OurServer, template: Template) -> None:
    """Send the instances over some associations at once."""
    numbers = iter(range(1, INSTANCES + 1))
    lock = threading.Lock()

    def send() -> None:
        with ScuAssociation(server.dicom_port, server.ae_title, MR_IMAGE, EXPLICIT, "MODALITY") as association:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                association.store(template.instance(number))

    with ThreadPoolExecutor(SENDERS) as pool:
        for sender in [pool.submit(send) for _ in range(SENDERS)]:
            sender.result()
    wait_for_instances(server, template.study_instance_uid, INSTANCES)


def read_many(server: OurServer, template: Template) -> None:
    """Search, metadata and thumbnail of the study, and its report, which the portal has as complete."""
    study = f"/dicomweb/studies/{template.study_instance_uid}"
    series = f"{study}/series/{template.series_instance_uid}"
    for path in (f"{study}/metadata", f"{series}/metadata", f"{study}/instances", f"{series}/instances"):
        found = json.loads(get(server, template.study_instance_uid, path))
        if len({one["00080018"]["Value"][0] for one in found}) != INSTANCES:
            raise RoundVoid(f"{path} tells of {len(found)} of {INSTANCES} instances.")
    get(server, template.study_instance_uid, f"{series}/thumbnail", "image/jpeg")
    drop(server, template.study_instance_uid, study, INSTANCES * len(template.encoded))
    deadline = time.monotonic() + REPORT_SECONDS
    with psycopg.connect(server.database_url, autocommit=True) as connection:
        while not is_reported(connection, template.study_instance_uid):
            if time.monotonic() > deadline:
                raise RoundVoid("The complete study was not reported.")
            time.sleep(0.2)


def is_reported(connection: psycopg.Connection, study_instance_uid: str) -> bool:
    """Whether the portal has the study's last revision, complete and with every instance."""
    row = connection.execute(
        "SELECT study.number_of_instances FROM index_study AS study JOIN outbox_outboxmessage AS message "
        "ON message.subject = study.study_instance_uid AND message.delivered_revision = study.revision "
        "WHERE study.study_instance_uid = %s AND study.completed_at IS NOT NULL",
        [study_instance_uid],
    ).fetchone()
    return row is not None and row[0] == INSTANCES


def wait_for_instances(server: OurServer, study_instance_uid: str, count: int) -> None:
    """Wait until the index has them."""
    wait_until(lambda: server.rows([study_instance_uid]) == count, "The index of what was sent", server.processes)


def get(server: OurServer, study_instance_uid: str, path: str, accept: str = "*/*") -> bytes:
    """The body of an answer. Raises RoundVoid unless it is 200."""
    connection, answer = opened(server, study_instance_uid, path, accept)
    with connection:
        body: bytes = answer.read()
    return body


def drop(server: OurServer, study_instance_uid: str, path: str, at_least: int) -> None:
    """Read a large answer without keeping it. Raises RoundVoid where it is too short."""
    connection, answer = opened(server, study_instance_uid, path, "*/*")
    total = 0
    with connection:
        while piece := answer.read(1024 * 1024):
            total += len(piece)
    if total < at_least:
        raise RoundVoid(f"{path}: {total} bytes instead of {at_least}")


def opened(server: OurServer, study_instance_uid: str, path: str, accept: str) -> Any:
    """A connection to be closed, and the beginning of its answer."""
    connection = socket.create_connection(("127.0.0.1", server.web_port), timeout=ANSWER_SECONDS)
    token = server.viewer_token(study_instance_uid)
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Accept: {accept}", f"Authorization: Bearer {token}"]
    connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
    answer = http.client.HTTPResponse(connection, method="GET")
    answer.begin()
    if answer.status != 200:
        body = answer.read()
        connection.close()
        raise RoundVoid(f"{answer.status} to {path}: {body[:300]!r}")
    return connection, answer


def benchmark(workplace: Workplace) -> Benchmark:
    """The benchmark of memory: a row a step with the largest process in it, and a row a process with its peak."""
    rows = [Row(name, "MB", limit=LIMIT_MB) for name in (*STEPS, *PROCESSES, *STORES)]
    title = "Peak of the largest process of each step, and of each process over all steps, in MB of 10^6 bytes"
    remarks = ("Of PostgreSQL, the largest process without the memory that all of them share.",)
    contestants = [BoundedMemory(workplace)]
    return Benchmark("memory", title, (Group("memory", tuple(rows)),), contestants, 0, rounds=1, remarks=remarks)


MEMORY = {"memory": benchmark}
