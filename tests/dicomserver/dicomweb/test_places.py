"""Remembered places: quicker, and never other bytes than without."""

import json

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from dicomserver.archive import Archive, FileMeta
from dicomserver.dicomweb import places
from dicomserver.dicomweb.selectors import Scope
from dicomserver.index.models import Instance, Origin
from dicomserver.ingest.outcomes import Source
from dicomserver.ingest.services import ingest_instance
from tests.dicomserver.dicomweb.reading import WebReader, parts_of, path_of
from tests.dicomserver.dicomweb.test_documents import slices
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import EXPLICIT, encode, small_ct


def scope_of(instance: Instance) -> Scope:
    series = instance.series
    return Scope(series.study.study_instance_uid, series.series_instance_uid, instance.sop_instance_uid)


def test_after_two_slices_the_others_are_known(
    take_in: TakeIn, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    instances = [take_in(ds) for ds in slices(6)]
    with django_assert_num_queries(2):
        found = [places.memory.find(scope_of(instance)) for instance in instances]
    for place, instance in zip(found, instances, strict=True):
        assert place is not None
        assert place.stored.pk == instance.pk
        assert place.stored.relative_path == instance.relative_path
        assert place.frame_table is not None
        assert place.frame_table.to_json() == instance.frame_table


def test_a_place_is_of_its_study_and_series(take_in: TakeIn, db: None) -> None:
    mine, other = take_in(small_ct()), take_in(small_ct())
    for instance in (mine, other):
        assert places.memory.find(scope_of(instance)) is not None
    wrong = scope_of(mine)._replace(sop_instance_uid=other.sop_instance_uid)
    assert places.memory.find(wrong) is None
    assert places.memory.find(scope_of(mine)._replace(study_instance_uid="1.2.3")) is None


def test_what_is_remembered_is_looked_up_again_after_a_while(
    take_in: TakeIn, db: None, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = scope_of(take_in(small_ct()))
    places.memory.find(scope)
    with django_assert_num_queries(0):
        places.memory.find(scope)
    monkeypatch.setattr(places, "REMEMBER_SECONDS", -1.0)
    places.memory = places.PlaceMemory()
    places.memory.find(scope)
    with django_assert_num_queries(1):
        places.memory.find(scope)


def test_a_file_that_was_sent_again_gives_its_own_frames(reader: WebReader, take_in: TakeIn, archive: Archive) -> None:
    ds = small_ct()
    instance = take_in(ds)
    path = f"{path_of(instance)}/frames/1"
    assert [part.body for part in parts_of(reader.get(path))] == [ds.PixelData]
    archive.path_of(instance.relative_path).unlink()
    assert reader.get(path).status_code == 500
    incoming = archive.receive(FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT, "A_LONGER_TITLE"))
    incoming.write(encode(ds))
    ingest_instance(incoming=incoming, source=Source(Origin.C_STORE, "A_LONGER_TITLE"), archive=archive)
    assert Instance.objects.get().file_bytes != instance.file_bytes
    assert [part.body for part in parts_of(reader.get(path))] == [ds.PixelData]


def test_what_is_remembered_is_bounded(take_in: TakeIn, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MAX_WEIGHT", 4)
    instances = [take_in(small_ct()) for _ in range(6)]
    large = take_in(small_ct(NumberOfFrames=100, PixelData=bytes(3200)))
    for instance in instances:
        assert places.memory.find(scope_of(instance)) is not None
    assert list(places.memory._places) == [scope_of(instance) for instance in instances[2:]]
    assert places.memory.find(scope_of(large)) is not None
    assert list(places.memory._places) == [scope_of(large)]
    assert places.memory._weight == 6


def test_frames_of_a_long_cine_are_read_with_one_query(
    reader: WebReader, take_in: TakeIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    instance = take_in(small_ct(NumberOfFrames=50, PixelData=bytes(range(160)) * 10))
    token = reader.portal.token(instance.series.study.study_instance_uid)
    path = f"{path_of(instance)}/frames"
    reader.get(f"{path}/1", token=token)
    with django_assert_num_queries(0):
        for number in range(2, 51):
            (part,) = parts_of(reader.get(f"{path}/{number}", token=token))
            start = (number - 1) * 32 % 160
            assert part.body == (bytes(range(160)) * 2)[start : start + 32]


def test_a_frame_table_is_read_when_it_is_needed(take_in: TakeIn, db: None) -> None:
    place = places.memory.find(scope_of(take_in(small_ct())))
    assert place is not None
    assert place.read_table is None
    assert place.table_json is not None
    assert place.frame_table is place.frame_table
    assert json.loads(place.table_json) == place.frame_table.to_json()
