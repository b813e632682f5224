"""The sets that benchmarks send look like what modalities send, and are made once."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from benchmarks.data import drawing, sets
from benchmarks.data.sets import Batch, SetPlan, StudyFiles, make_batch, study_on_disk


@pytest.fixture(autouse=True)
def few_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "DRAWN", 2)


def made(name: str, plan: SetPlan, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[StudyFiles]:
    monkeypatch.setitem(sets.PLANS, name, plan)
    for number in range(plan.studies):
        (folder / sets.planned_study(name, number).key).mkdir(parents=True)
    parts: list[Batch] = sets.batches(name, folder)
    for part in parts:
        make_batch(part)
    return [study_on_disk(name, folder, number) for number in range(plan.studies)]


def test_ct_is_two_studies_of_one_series_compressed_without_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = made("few-ct", SetPlan("CT", 2, studies=2, compressed=True), tmp_path, monkeypatch)
    read = [dcmread(path) for path in (*first.files, *second.files)]
    assert [len(first.files), len(second.files), len({ds.SOPInstanceUID for ds in read})] == [2, 2, 4]
    assert [ds.StudyInstanceUID for ds in read] == [first.study_instance_uid] * 2 + [second.study_instance_uid] * 2
    assert {ds.SeriesInstanceUID for ds in read} == {*first.series_instance_uids, *second.series_instance_uids}
    assert [ds.InstanceNumber for ds in read] == [1, 2, 1, 2]
    assert {ds.file_meta.TransferSyntaxUID for ds in read} == {JPEGLSLossless}
    assert all(len(ds) >= 100 for ds in read)
    pictures = [imagecodecs.jpegls_decode(next(generate_frames(ds.PixelData))) for ds in read]
    assert {picture.shape for picture in pictures} == {(512, 512)}
    assert all(np.ptp(picture) > 1000 for picture in pictures)


def test_mr_is_series_of_volumes_over_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (study,) = made("few-mr", SetPlan("MR", 3, series=2, times=5), tmp_path, monkeypatch)
    read = [dcmread(path) for path in study.files]
    assert len(read) == 30
    assert sorted({ds.SeriesInstanceUID for ds in read}) == sorted(study.series_instance_uids)
    first = [ds for ds in read if ds.SeriesInstanceUID == study.series_instance_uids[0]]
    assert [ds.InstanceNumber for ds in first] == list(range(1, 16))
    assert [ds.TemporalPositionIdentifier for ds in first] == [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3 + [5] * 3
    assert {(ds.Rows, ds.Columns, len(ds.PixelData)) for ds in read} == {(256, 256, 131072)}
    assert {ds.file_meta.TransferSyntaxUID for ds in read} == {ExplicitVRLittleEndian}
    assert all(len(ds) >= 100 for ds in read)


def test_the_cache_is_used_again_until_the_edition_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(sets, "make_set", lambda name, folder: (calls.append(name), folder.mkdir(exist_ok=True)))
    assert sets.benchmark_set("cr1", tmp_path).files == ()
    sets.benchmark_set("cr1", tmp_path)
    assert calls == ["cr1"]
    monkeypatch.setattr(sets, "EDITION", sets.EDITION + 1)
    sets.benchmark_set("cr1", tmp_path)
    assert calls == ["cr1", "cr1"]
