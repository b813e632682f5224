"""What tasks prepare before anybody asks, and that they leave the machine to others."""

import fcntl
import os
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive
from dicomserver.dicomweb import preparation, tasks
from dicomserver.dicomweb.pictures import previews, services
from dicomserver.index.models import Instance, InstanceMetadata, Series, Study
from dicomserver.ingest import metadata
from tests.dicomserver.dicomweb.reading import WebReader, path_of, series_path_of, study_path_of
from tests.dicomserver.dicomweb.test_documents import kept_files, numbers, slices
from tests.dicomserver.dicomweb.test_pictures import gradient
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct


def make_quiet(seconds: float = 2.5) -> None:
    """Let nothing have come for a while."""
    moment = time.time_ns() // 1000 - int(seconds * 1e6)
    for number, series in enumerate(Series.objects.order_by("-revision")):
        series.revision = moment - number
        series.save(update_fields=["revision"])


def test_metadata_of_a_quiet_series_is_there_before_anybody_asks(
    reader: WebReader, take_in: TakeIn, archive: Archive, home: Path
) -> None:
    instances = [take_in(ds) for ds in slices(3)]
    tasks.prepare_metadata()
    assert not InstanceMetadata.objects.exists()
    make_quiet()
    assert preparation.prepare_metadata() == 1
    assert InstanceMetadata.objects.count() == 3
    assert len(kept_files(home)) == 1
    for instance in instances:
        archive.path_of(instance.relative_path).unlink()
    assert numbers(reader.json(f"{series_path_of(instances[0])}/metadata")) == [1, 2, 3]
    assert preparation.prepare_metadata() == 0


def test_a_series_that_grew_is_prepared_again(take_in: TakeIn, db: None, archive: Archive) -> None:
    first, second = slices(2)
    take_in(first)
    make_quiet()
    assert preparation.prepare_metadata() == 1
    take_in(second)
    assert preparation.prepare_metadata() == 0
    make_quiet()
    assert preparation.prepare_metadata() == 1
    assert InstanceMetadata.objects.count() == 2


def test_the_oldest_are_first_and_each_run_takes_its_share(
    take_in: TakeIn, db: None, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        take_in(small_ct())
    make_quiet()
    oldest_first = list(Series.objects.order_by("revision").values_list("pk", flat=True))
    prepared: list[int] = []

    def prepare(series: Any, end: float) -> bool:
        prepared.append(series.pk)
        time.sleep(0.02)
        return True

    monkeypatch.setattr(preparation, "_prepare_metadata", prepare)
    monkeypatch.setattr(preparation, "METADATA_SECONDS", 0.01)
    assert preparation.prepare_metadata() == 1
    monkeypatch.setattr(preparation, "METADATA_SECONDS", 10)
    assert preparation.prepare_metadata() == 3
    assert prepared == [oldest_first[0], *oldest_first]


def test_a_long_series_is_prepared_in_several_runs(
    take_in: TakeIn, db: None, archive: Archive, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ds in slices(5):
        take_in(ds)
    make_quiet()
    monkeypatch.setattr(metadata, "PORTION", 2)
    monkeypatch.setattr(preparation, "METADATA_SECONDS", -1.0)
    for count in (2, 4):
        assert preparation.prepare_metadata() == 0
        assert InstanceMetadata.objects.count() == count
    assert kept_files(home) == []
    monkeypatch.setattr(preparation, "METADATA_SECONDS", 10.0)
    assert preparation.prepare_metadata() == 1
    assert InstanceMetadata.objects.count() == 5
    assert len(kept_files(home)) == 1


def test_one_run_at_a_time(take_in: TakeIn, db: None, archive: Archive, home: Path) -> None:
    take_in(small_ct())
    make_quiet()
    (home / "cache").mkdir()
    with (home / "cache" / "metadata.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert preparation.prepare_metadata() == 0
    assert preparation.prepare_metadata() == 1


def test_an_instance_that_cannot_be_read_does_not_hold_up_the_others(
    take_in: TakeIn, db: None, archive: Archive, home: Path
) -> None:
    bad, good = take_in(small_ct()), take_in(small_ct())
    archive.path_of(bad.relative_path).unlink()
    make_quiet()
    assert preparation.prepare_metadata() == 2
    assert preparation.prepare_metadata() == 0
    assert list(InstanceMetadata.objects.values_list("pk", flat=True)) == [good.pk]


def test_without_a_folder_to_write_nothing_is_prepared(take_in: TakeIn, db: None, archive: Archive, home: Path) -> None:
    take_in(small_ct())
    make_quiet()
    (home / "cache").write_text("a file where the folder should be")
    assert preparation.prepare_metadata() == 0


def complete(instance: Instance) -> None:
    Study.objects.filter(pk=instance.series.study_id).update(completed_at=timezone.now())


def test_pictures_of_a_complete_study_are_there_before_anybody_asks(
    reader: WebReader, take_in: TakeIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = take_in(gradient())
    tasks.prepare_pictures()
    assert not list((home / "cache").rglob("*.jpg"))
    complete(instance)
    assert preparation.prepare_pictures() == 1
    assert preparation.prepare_pictures() == 0
    assert len(list((home / "cache").rglob("*.jpg"))) == 2

    def draw(*args: Any, **options: Any) -> bytes:
        raise AssertionError("drawn again")

    monkeypatch.setattr(services, "picture", draw)
    assert len(list((home / "cache").rglob("*.preview"))) == 1
    monkeypatch.setattr(previews, "picture", draw)
    series = series_path_of(instance)
    for path in (f"{series}/thumbnail", f"{series}/thumbnail?viewport=512,512", f"{path_of(instance)}/rendered"):
        assert reader.get(path).content.startswith(b"\xff\xd8\xff")
    assert numbers(reader.json(f"{study_path_of(instance)}/metadata")) == [7]


def test_a_study_that_cannot_be_drawn_is_tried_once(take_in: TakeIn, db: None, archive: Archive, home: Path) -> None:
    broken = take_in(gradient(BitsAllocated=7))
    report = take_in(small_ct(PixelData=None, Rows=None, Columns=None, Modality="SR"))
    for instance in (broken, report):
        complete(instance)
    assert preparation.prepare_pictures() == 2
    assert preparation.prepare_pictures() == 0
    assert not list((home / "cache").rglob("*.jpg"))


def test_the_cache_loses_what_was_used_least(home: Path, settings: Settings) -> None:
    folder = home / "cache" / "pictures"
    folder.mkdir(parents=True)
    (home / "cache" / "metadata.lock").touch()
    now = time.time()
    for number in range(4):
        (folder / f"{number}.jpg").write_bytes(bytes(8192))
        os.utime(folder / f"{number}.jpg", (now - 100 * number, now - 1000))
    settings.CACHE_MAXIMUM_BYTES = 2 * 8192
    tasks.bound_cache()
    assert sorted(path.name for path in folder.iterdir()) == ["0.jpg", "1.jpg"]
    assert (home / "cache" / "metadata.lock").exists()
    settings.CACHE_MAXIMUM_BYTES = 0
    assert preparation.bound_cache() == 2


def test_the_schedule_names_tasks_that_exist() -> None:
    for entry in django_settings.CELERY_BEAT_SCHEDULE.values():
        module, _, name = entry["task"].rpartition(".")
        assert getattr(import_module(module), name).name == entry["task"]
