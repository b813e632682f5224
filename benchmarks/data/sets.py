"""The sets that the benchmarks send and read: made once by the project's own generator, then found in a cache."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

from benchmarks.data import drawing, headers
from demo.catalogue import STUDIES, PlannedStudy
from demo.phantoms.acquisition import Frame
from demo.phantoms.datasets import SeriesPlan, SeriesWriter, phantom_uid
from demo.state_files import read_json, write_json

EDITION = 1
"""Raised when a set looks different, so that it is made again."""
AS_OF = datetime(2026, 1, 5, 12, tzinfo=UTC)
CONTENTS = "contents.json"
CT_LIKE = next(study for study in STUDIES if study.key == "a-chest")
MR_LIKE = next(study for study in STUDIES if study.key == "a-ms")
CR_LIKE = next(study for study in STUDIES if study.key == "a-chest-xray")
CONTRASTS = ("T1", "T2", "FLAIR")


@dataclass(frozen=True)
class SetPlan:
    """How a set is made: `studies` alike, each sent by itself, of `series` x `times` x `slices` pictures."""

    modality: str
    slices: int
    series: int = 1
    times: int = 1
    studies: int = 1
    compressed: bool = False

    @property
    def instances(self) -> int:
        """Pictures of one study."""
        return self.series * self.times * self.slices


PLANS = {
    # The five of the comparison of C-STORE and STOW; a set that is sent in a moment is sent several times a round.
    "cr1": SetPlan("CR", 1, studies=12),
    "ct38": SetPlan("CT", 38, studies=8, compressed=True),
    "mr630": SetPlan("MR", 210, series=3),
    "ct1000": SetPlan("CT", 1000),
    "mr3813": SetPlan("MR", 41, series=3, times=31),
    # One long series to read, and what makes a server warm.
    "ct555": SetPlan("CT", 555),
    "warm-up": SetPlan("CT", 2, studies=8),
}


@dataclass(frozen=True)
class StudyFiles:
    """One study of a set on disk."""

    study_instance_uid: str
    series_instance_uids: tuple[str, ...]
    files: tuple[Path, ...]

    @property
    def bytes(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in self.files)


@dataclass(frozen=True)
class BenchmarkSet:
    """A set on disk, study by study, each file named in the order in which a modality sends."""

    name: str
    studies: tuple[StudyFiles, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """All files of all studies."""
        return tuple(path for study in self.studies for path in study.files)

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(study.bytes for study in self.studies)


@dataclass(frozen=True)
class Batch:
    """A part of a set that one process makes: `count` pictures or volumes of one series from `first` on."""

    name: str
    study: int
    series: int
    first: int
    count: int
    directory: Path


def benchmark_set(name: str, directory: Path) -> BenchmarkSet:
    """The set in the cache below `directory`, made now unless it is there."""
    folder = directory / name
    found = read_json(folder / CONTENTS)
    if found != {"edition": EDITION}:
        print(f"Making the set {name}", flush=True)
        make_set(name, folder)
        write_json(folder / CONTENTS, {"edition": EDITION})
    return BenchmarkSet(name, tuple(study_on_disk(name, folder, number) for number in range(PLANS[name].studies)))


def study_on_disk(name: str, folder: Path, number: int) -> StudyFiles:
    """What the cache holds of one study."""
    study = planned_study(name, number)
    day = AS_OF.date().isoformat()
    series = tuple(phantom_uid(day, study.key, index + 1) for index in range(PLANS[name].series))
    return StudyFiles(phantom_uid(day, study.key), series, tuple(sorted((folder / study.key).glob("*.dcm"))))


def make_set(name: str, folder: Path) -> None:
    """Make all files of a set, by all processors."""
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(PLANS[name].studies):
        (folder / planned_study(name, number).key).mkdir(parents=True)
    # Spawned, not forked: the caller may hold threads and sockets.
    with ProcessPoolExecutor(cpu_count(), mp_context=get_context("spawn")) as pool:
        for _ in pool.map(make_batch, batches(name, folder)):
            pass


def batches(name: str, folder: Path) -> list[Batch]:
    """The parts in which a set is made, each of a second or so."""
    plan = PLANS[name]
    if plan.modality == "CR":
        return [Batch(name, 0, 0, 0, plan.studies, folder)]
    step, units = (250, plan.slices) if plan.modality == "CT" else (4, plan.times)
    return [
        Batch(name, study, series, first, min(step, units - first), folder)
        for study in range(plan.studies)
        for series in range(plan.series)
        for first in range(0, units, step)
    ]


def make_batch(batch: Batch) -> None:
    """Make one part of a set."""
    plan = PLANS[batch.name]
    if plan.modality == "CR":
        for number, frame in enumerate(drawing.radiographs(batch.name, batch.count)):
            write(replace(batch, study=number), cr_series(), [frame])
    elif plan.modality == "CT":
        seed = f"{batch.name}/{batch.study}"
        write(batch, ct_series(plan), drawing.ct_slices(seed, batch.first, batch.count, plan.slices))
    else:
        times = range(batch.first, batch.first + batch.count)
        frames = drawing.mr_slices(batch.name, CONTRASTS[batch.series], times, plan.slices)
        write(batch, mr_series(plan, batch.series), frames)


def write(batch: Batch, series: SeriesPlan, frames: Iterable[Frame]) -> None:
    """Write the pictures of a batch with the numbers that they have in their series."""
    plan = PLANS[batch.name]
    study = planned_study(batch.name, batch.study)
    writer = SeriesWriter(study, series, AS_OF, batch.directory / study.key)
    first = batch.first * (plan.slices if plan.modality == "MR" else 1) + 1
    for number, frame in enumerate(frames, first):
        writer.write(number, frame)


def planned_study(name: str, number: int) -> PlannedStudy:
    """One study of a set: a study of the demonstration under a key of its own, from which its UIDs follow."""
    plan = PLANS[name]
    like = {"CT": CT_LIKE, "MR": MR_LIKE, "CR": CR_LIKE}[plan.modality]
    key = f"benchmark-{EDITION}-{name}-{number}"
    accession = f"B-{name}-{number}"
    return replace(like, key=key, accession=accession, slices=plan.slices, compressed=plan.compressed)


def ct_series(plan: SetPlan) -> SeriesPlan:
    """The one series of a CT study."""
    thickness = drawing.CT_LENGTH_MM / plan.slices
    attributes = headers.ct(thickness, drawing.CT_FIELD_MM, drawing.CT_SIZE)
    return SeriesPlan(1, "CT", "Lung", "Chest", attributes, (-600.0, 1500.0), drawing.CT_INTERCEPT)


def mr_series(plan: SetPlan, index: int) -> SeriesPlan:
    """One series of an MR study."""
    thickness = drawing.MR_LENGTH_MM / plan.slices
    attributes = headers.mr(thickness, drawing.MR_FIELD_MM, drawing.MR_SIZE, plan.times)
    name = CONTRASTS[index]
    return SeriesPlan(index + 1, "MR", name, name, attributes, (480.0, 960.0), minutes=4.0 * index)


def cr_series() -> SeriesPlan:
    """The one series of a CR study."""
    return SeriesPlan(1, "CR", "Chest PA", "Chest", headers.cr(), (2048.0, 4096.0))
