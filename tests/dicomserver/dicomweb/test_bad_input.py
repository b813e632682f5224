"""What the viewer is told of studies that are broken, huge, or gone while they are read."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pytest_django import DjangoAssertNumQueries

from dicomserver.archive import Archive
from dicomserver.dicomweb import places
from dicomserver.index.models import Instance, Series, Study
from tests.dicomserver.dicomweb.reading import (
    WebReader,
    body_of,
    bundle_of,
    parts_of,
    path_of,
    series_path_of,
    study_path_of,
)
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import EXPLICIT, IMPLICIT, small_ct

MANY = 3000


def strict_json(reader: WebReader, path: str) -> Any:
    """The answer by the grammar of JSON alone, which knows no NaN."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    response = reader.get(path)
    assert response.status_code == 200
    return json.loads(body_of(response), parse_constant=refuse)


def asked(reader: WebReader, path: str, **options: Any) -> tuple[int, str]:
    response = reader.get(path, **options)
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_numbers_that_json_does_not_know_are_left_out_and_the_rest_is_there(
    reader: WebReader, take_in: TakeIn, syntax: str
) -> None:
    inner = Dataset()
    inner.add_new(0x00189306, "FD", float("inf"))
    inner.add_new(0x00189311, "FD", 2.0)
    ds = small_ct(CTAdditionalXRaySourceSequence=Sequence([inner]))
    ds.add_new(0x00187001, "DS", "0")
    ds.add_new(0x00189073, "FD", float("nan"))
    ds.add_new(0x00189307, "FD", -1.5)
    path = path_of(take_in(with_spacing(ds, b"NaN\\NaN "), syntax))
    (metadata,) = strict_json(reader, f"{path}/metadata")
    assert "00280030" not in metadata
    assert "00189073" not in metadata
    assert metadata["00187001"]["Value"] == [0]
    assert metadata["00189307"]["Value"] == [-1.5]
    assert metadata["00100020"]["Value"] == ["P-1"]
    (item,) = metadata["00189360"]["Value"]
    assert item == {"00189311": {"vr": "FD", "Value": [2.0]}}
    assert reader.get(f"{path}/frames/1").status_code == 200


def with_spacing(ds: Dataset, value: bytes) -> Dataset:
    """A Pixel Spacing that no library writes."""
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    tag = Tag(0x00280030)
    ds._dict[tag] = RawDataElement(tag, "DS", len(value), value, 0, False, True)
    return ds


@pytest.mark.parametrize(("value", "expected"), [(b"0\\0 ", [0, 0]), (b"-1\\1", [-1, 1]), (b"0.5 ", [0.5])])
def test_a_spacing_that_makes_no_sense_is_sent_as_it_stands(
    reader: WebReader, take_in: TakeIn, value: bytes, expected: list[float]
) -> None:
    path = path_of(take_in(with_spacing(small_ct(), value)))
    (metadata,) = strict_json(reader, f"{path}/metadata")
    assert metadata["00280030"]["Value"] == expected


@pytest.mark.parametrize("value", [b"abc ", b"1e999\\1 ", b"\\"])
def test_a_spacing_that_is_no_number_is_no_value(reader: WebReader, take_in: TakeIn, value: bytes) -> None:
    path = path_of(take_in(with_spacing(small_ct(), value)))
    (metadata,) = strict_json(reader, f"{path}/metadata")
    values = metadata.get("00280030", {}).get("Value", [])
    assert not any(isinstance(one, int | float) and one > 1e300 for one in values)
    assert not any(isinstance(one, str) for one in values)


def test_pixel_data_that_ends_early_has_the_frames_that_are_whole(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct(NumberOfFrames=3, PixelData=np.arange(40, dtype="<u2").tobytes()))
    path = path_of(instance)
    assert len(parts_of(reader.get(f"{path}/frames/1,2"))) == 2
    assert asked(reader, f"{path}/frames/3") == (404, "not_found")
    uid = instance.sop_instance_uid
    parts = bundle_of(reader.bundle(series_path_of(instance), f"{uid}:2,{uid}:3"))
    assert [part.content_type.split(";")[0] for part in parts] == [
        "application/octet-stream",
        "application/problem+json",
    ]


@pytest.mark.parametrize("changes", [{"Rows": 4000}, {"Columns": 0}, {"BitsAllocated": 0}, {"Rows": None}])
def test_rows_and_columns_that_do_not_fit_the_pixels_leave_no_frame(
    reader: WebReader, take_in: TakeIn, changes: dict[str, int | None]
) -> None:
    instance = take_in(small_ct(**changes))
    assert asked(reader, f"{path_of(instance)}/frames/1") == (404, "not_found")
    assert asked(reader, f"{series_path_of(instance)}/thumbnail")[0] == 404
    assert asked(reader, f"{series_path_of(instance)}/thumbnail?viewport=64,64")[0] == 404
    assert len(strict_json(reader, f"{series_path_of(instance)}/metadata")) == 1


def test_a_stream_that_lies_about_its_size_is_served_but_not_drawn(
    reader: WebReader, take_in: TakeIn, shared_data: Path
) -> None:
    from pydicom import dcmread

    path = shared_data / "syntaxes" / "tiny" / "MR_small_jpeg_ls_lossless.dcm"
    ds = dcmread(path)
    ds.Rows = 32
    instance = take_in(ds, str(ds.file_meta.TransferSyntaxUID))
    assert reader.get(f"{path_of(instance)}/frames/1").status_code == 200
    for address in (f"{path_of(instance)}/rendered", f"{series_path_of(instance)}/thumbnail?viewport=64,64"):
        assert asked(reader, address) == (406, "not_acceptable")


def forget(instance: Instance) -> None:
    """The study as it is when somebody has removed it."""
    study = instance.series.study
    Instance.objects.filter(series__study=study).delete()
    Series.objects.filter(study=study).delete()
    Study.objects.filter(pk=study.pk).delete()


def test_a_study_that_is_removed_while_it_is_open_is_not_there_any_more(
    reader: WebReader, take_in: TakeIn, archive: Archive
) -> None:
    instance = take_in(small_ct())
    series, frame = series_path_of(instance), f"{instance.sop_instance_uid}:1"
    addresses = [
        f"{study_path_of(instance)}/metadata",
        f"{series}/metadata",
        f"{path_of(instance)}/metadata",
        f"{series}/thumbnail",
        f"{series}/thumbnail?viewport=64,64",
        f"{path_of(instance)}/rendered",
        f"{path_of(instance)}/frames/1",
        f"{path_of(instance)}/bulkdata/7FE00010",
        path_of(instance),
    ]
    etags = {path: reader.get(path).headers["ETag"] for path in addresses}
    assert reader.bundle(series, frame).status_code == 200
    forget(instance)
    archive.path_of(instance.relative_path).unlink()
    for path in addresses:
        assert asked(reader, path, If_None_Match=etags[path]) == (404, "not_found"), path
    bundle = reader.bundle(series, frame)
    assert (bundle.status_code, bundle.json()["code"]) == (404, "not_found")
    assert reader.get(f"{study_path_of(instance)}/series").status_code in {204, 404}


def test_a_file_that_was_taken_away_is_told_and_the_rest_goes_on(
    reader: WebReader, take_in: TakeIn, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = small_ct()
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    gone, there = take_in(first), take_in(small_ct(**same))
    assert reader.get(f"{path_of(gone)}/frames/1").status_code == 200
    archive.path_of(gone.relative_path).rename(archive.root / "elsewhere.dcm")
    assert asked(reader, f"{path_of(gone)}/frames/1") == (500, "internal")
    assert asked(reader, f"{path_of(gone)}/rendered") == (500, "internal")
    asked_for = ",".join(f"{one.sop_instance_uid}:1" for one in (gone, there))
    parts = bundle_of(reader.bundle(series_path_of(gone), asked_for))
    assert [part.content_type.split(";")[0] for part in parts] == [
        "application/problem+json",
        "application/octet-stream",
    ]
    metadata = strict_json(reader, f"{series_path_of(gone)}/metadata")
    assert {one["00080018"]["Value"][0] for one in metadata} == {gone.sop_instance_uid, there.sop_instance_uid}
    monkeypatch.setattr(places, "memory", places.PlaceMemory())
    assert reader.get(f"{path_of(there)}/frames/1").status_code == 200


@pytest.fixture
def many_series(take_in: TakeIn) -> Instance:
    """A study of thousands of series of one instance each; the first has a file."""
    instance = take_in(small_ct())
    study = instance.series.study
    series = Series.objects.bulk_create(
        Series(
            study=study,
            series_instance_uid=f"1.2.3.{number}",
            modality="CT",
            series_number=number,
            number_of_instances=1,
            revision=instance.series.revision,
        )
        for number in range(1, MANY)
    )
    copied = {
        field.attname: getattr(instance, field.attname)
        for field in Instance._meta.concrete_fields
        if field.attname not in {"id", "series_id", "sop_instance_uid", "relative_path"}
    }
    Instance.objects.bulk_create(
        Instance(
            series=one,
            sop_instance_uid=f"{one.series_instance_uid}.1",
            relative_path=f"none/{one.series_instance_uid}",
            **copied,
        )
        for one in series
    )
    return instance


def test_thousands_of_series_are_listed_and_read_by_a_few_queries(
    reader: WebReader, many_series: Instance, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    study = study_path_of(many_series)
    # Also what a first request does: checks the key, revocations, notes the read.
    with django_assert_max_num_queries(12):
        found = reader.json(f"{study}/series")
    assert len(found) == MANY
    with django_assert_max_num_queries(12):
        assert len(reader.json(f"{study}/instances")) == MANY
    with django_assert_max_num_queries(12):
        assert len(reader.json(f"{series_path_of(many_series)}/metadata")) == 1
    with django_assert_max_num_queries(12):
        assert reader.get(f"{series_path_of(many_series)}/thumbnail?viewport=64,64").status_code == 200
    with django_assert_max_num_queries(12):
        uid = many_series.sop_instance_uid
        assert len(bundle_of(reader.bundle(series_path_of(many_series), f"{uid}:1"))) == 1


def test_a_header_that_was_damaged_on_the_disk_is_told(reader: WebReader, take_in: TakeIn, archive: Archive) -> None:
    instance = take_in(small_ct())
    path = archive.path_of(instance.relative_path)
    content = bytearray(path.read_bytes())
    content[instance.data_set_offset : instance.data_set_offset + 8] = struct.pack("<HHL", 0xFFFF, 0xFFFF, 0xFFFFFFFE)
    path.chmod(0o600)
    path.write_bytes(content)
    (metadata,) = strict_json(reader, f"{path_of(instance)}/metadata")
    assert metadata["00080018"]["Value"] == [instance.sop_instance_uid]
    response = reader.get(f"{path_of(instance)}/bulkdata/00283010/1/00283006")
    assert response.status_code in {404, 500}
    assert reader.get(f"{path_of(instance)}/frames/1").status_code == 200
