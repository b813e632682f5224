"""Metadata rows made from the archive when they are needed."""

import json
from typing import Any

import pytest

from dicomserver.archive import Archive
from dicomserver.index.models import Instance, InstanceMetadata
from dicomserver.ingest import metadata
from dicomserver.ingest.metadata import prepare_metadata
from tests.dicomserver.network import TakeIn, take_in
from tests.dicomserver.objects import small_ct

__all__ = ["take_in"]

pytestmark = pytest.mark.django_db


def test_rows_are_made_where_they_are_missing_and_left_alone_where_not(archive: Archive, take_in: TakeIn) -> None:
    instances = [take_in(small_ct(InstanceNumber=number)) for number in range(3)]
    assert not InstanceMetadata.objects.exists()
    assert prepare_metadata(Instance.objects.filter(pk=instances[0].pk), archive) == 0
    InstanceMetadata.objects.update(dicom_json='{"kept":1}')
    assert prepare_metadata(Instance.objects.all(), archive) == 0
    rows = dict(InstanceMetadata.objects.values_list("instance_id", "dicom_json"))
    assert rows[instances[0].pk] == '{"kept":1}'
    assert [json.loads(rows[one.pk])["00200013"]["Value"] for one in instances[1:]] == [[1], [2]]


def test_places_count_from_the_start_of_the_data_set(archive: Archive, take_in: TakeIn) -> None:
    document = b"%PDF" + b"x" * 300_000
    instance = take_in(small_ct(EncapsulatedDocument=document))
    prepare_metadata(Instance.objects.all(), archive)
    vr, offset, length = InstanceMetadata.objects.get().bulk_data["00420011"]
    start = instance.data_set_offset + offset
    assert vr == "OB"
    assert archive.path_of(instance.relative_path).read_bytes()[start : start + length] == document


@pytest.mark.parametrize("portion", [1, 2, 3, 100])
def test_many_are_prepared_in_portions(
    archive: Archive, take_in: TakeIn, portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "PORTION", portion)
    monkeypatch.setattr(metadata, "MAX_HELD_CHARACTERS", 1)
    instances = [take_in(small_ct()) for _ in range(4)]
    archive.path_of(instances[1].relative_path).unlink()
    assert prepare_metadata(Instance.objects.all(), archive) == 1
    prepared = InstanceMetadata.objects.order_by("pk").values_list("pk", flat=True)
    assert list(prepared) == [instances[index].pk for index in (0, 2, 3)]


def test_a_file_of_another_size_than_indexed_is_not_read(
    archive: Archive, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = take_in(small_ct())
    path = archive.path_of(instance.relative_path)
    path.write_bytes(b"\0\0" + path.read_bytes())

    def read(*args: Any, **options: Any) -> None:
        raise AssertionError("read from the wrong place")

    monkeypatch.setattr(metadata, "read_metadata", read)
    assert prepare_metadata(Instance.objects.all(), archive) == 1
    assert not InstanceMetadata.objects.exists()
