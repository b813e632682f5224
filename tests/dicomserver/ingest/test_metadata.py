"""Metadata rows made from the archive when they are needed."""

import json
from pathlib import Path
from typing import Any

import pytest

from dicomserver.archive import Archive
from dicomserver.archive.content import OpenFile
from dicomserver.archive.part10 import NotPart10, read_file_head
from dicomserver.index.models import Instance, InstanceMetadata
from dicomserver.ingest import dicom_json, metadata
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.header import read_metadata
from dicomserver.ingest.metadata import prepare_metadata
from tests.dicomserver.network import TakeIn, take_in
from tests.dicomserver.objects import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, small_ct

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


def json_of(path: Path, scratch: Path) -> str | None:
    """The metadata of a file; None where there is none."""
    try:
        with path.open("rb") as file:
            head = read_file_head(file)
            place = (OpenFile(file.fileno()), head.data_set_offset, head.meta.transfer_syntax_uid)
            return read_metadata(*place, scratch=scratch).dicom_json
    except (InstanceRefused, NotPart10):
        return None


def test_remembered_elements_are_those_that_pydicom_reads_anew(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted(path for path in shared_data.rglob("*") if path.is_file())
    remembered = {path: json_of(path, tmp_path) for path in paths}
    assert dicom_json._text_of_raw.cache_info().hits > 10_000
    monkeypatch.setattr(dicom_json, "MAX_REMEMBERED_BYTES", -1)
    for path in paths:
        assert remembered[path] == json_of(path, tmp_path), path
    assert sum(found is not None for found in remembered.values()) > 700


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED])
def test_an_element_is_not_taken_from_another_data_set(archive: Archive, take_in: TakeIn, syntax: str) -> None:
    """The same bytes mean something else under another character set, byte order, creator or representation."""
    found = []
    for charset, creator, signed in (("ISO_IR 192", "ONE", 0), ("ISO_IR 100", "TWO", 1), ("ISO_IR 144", "ONE", 0)):
        ds = small_ct(SpecificCharacterSet=charset, PixelRepresentation=signed)
        ds.StudyDescription = "Ж" if charset != "ISO_IR 100" else "Ö"
        ds.SmallestImagePixelValue = -1 if signed else 65535
        ds["SmallestImagePixelValue"].VR = "SS" if signed else "US"
        ds.private_block(0x0029, creator, create=True).add_new(0x10, "LO", creator)
        instance = take_in(ds, syntax)
        prepare_metadata(Instance.objects.filter(pk=instance.pk), archive)
        row = json.loads(InstanceMetadata.objects.get(pk=instance.pk).dicom_json)
        found.append([row[tag]["Value"][0] for tag in ("00081030", "00280106", "00290010")])
    assert found == [["Ж", 65535, "ONE"], ["Ö", -1, "TWO"], ["Ж", 65535, "ONE"]]
