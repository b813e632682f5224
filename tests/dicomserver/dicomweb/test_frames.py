"""Frames and bulk data, byte for byte what pydicom takes out of the same files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import generate_uid
from pytest_django.fixtures import Settings

from dicomserver.access.models import ReadInstance, ViewingSession
from dicomserver.archive import Archive
from dicomserver.dicomweb import multipart, records
from tests.dicomserver.dicomweb.reading import Part, WebReader, body_of, parts_of, path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    SECONDARY_CAPTURE,
    SHARED_DATA,
    small_ct,
    stored_data_set,
)

CORNERSTONE = "multipart/related; type=application/octet-stream; transfer-syntax=*"
NATIVE = {IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN}

FILES = [
    "xa-cine/jpeg8bit.dcm",
    "us-color/IM00001.fragmented_no_bot_jpeg_baseline.50.dcm",
    "us-color/I_000001.dcm",
    "us-color/examples_ybr_color.dcm",
    "us-color/US-YBR_FULL_422-EVRLE.dcm",
    "enhanced/philips-emr.dcm",
    "nm/JPEG-LL.dcm",
    "xray/RG3_J2KR.dcm",
    "objects/parametric-map/parametric_map_float.dcm",
    "objects/rt/rtdose.dcm",
]


def syntax_files() -> list[str]:
    folder = SHARED_DATA / "syntaxes"
    return [str(path.relative_to(SHARED_DATA)) for path in sorted(folder.rglob("*.dcm"))] if folder.is_dir() else []


def frames_by_pydicom(path: Path) -> list[bytes]:
    """Each frame as pydicom extracts it, native ones as little-endian words."""
    ds = dcmread(path, force=True)
    count = int(ds.get("NumberOfFrames") or 1)
    keyword = next(name for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData") if name in ds)
    value = ds[keyword].value
    if syntax_of(ds) not in NATIVE:
        return list(generate_frames(value, number_of_frames=count))
    if not ds.original_encoding[1] and ds[keyword].VR == "OW":
        value = np.frombuffer(value, ">u2").astype("<u2").tobytes()
    samples = 2 if ds.get("PhotometricInterpretation") == "YBR_FULL_422" else ds.SamplesPerPixel
    length = ds.Rows * ds.Columns * samples * {"FloatPixelData": 32}.get(keyword, ds.get("BitsAllocated")) // 8
    return [value[number * length : (number + 1) * length] for number in range(count)]


def syntax_of(ds: Dataset) -> str:
    guess = IMPLICIT if ds.original_encoding[0] else EXPLICIT
    return str(ds.file_meta.get("TransferSyntaxUID") or guess)


def with_uids(path: Path) -> Dataset:
    """The data set of a file that has no place in a study, given one."""
    ds = dcmread(path, force=True)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(ds, keyword, ds.get(keyword) or generate_uid())
    ds.SOPClassUID = ds.get("SOPClassUID") or SECONDARY_CAPTURE
    return ds


@pytest.mark.parametrize("name", [*FILES, *syntax_files()])
def test_frames_of_real_files_are_what_pydicom_extracts(
    reader: WebReader, take_in: TakeIn, shared_data: Path, name: str
) -> None:
    path = shared_data / name
    ds = dcmread(path, force=True, stop_before_pixels=True)
    instance = take_in(path) if "StudyInstanceUID" in ds else take_in(with_uids(path), syntax_of(ds))
    expected = frames_by_pydicom(path)
    numbers = ",".join(str(number) for number in range(1, len(expected) + 1))
    found = parts_of(reader.get(f"{path_of(instance)}/frames/{numbers}", Accept=CORNERSTONE))
    syntax = EXPLICIT if syntax_of(ds) in NATIVE else syntax_of(ds)
    assert {part.content_type.partition("; transfer-syntax=")[2] for part in found} == {syntax}
    assert [part.body for part in found] == expected


def multi_frame(count: int = 5, **changes: Any) -> Dataset:
    pixels = np.arange(count * 16, dtype="<u2").tobytes()
    return small_ct(NumberOfFrames=count, PixelData=pixels, **changes)


def frame(number: int) -> bytes:
    return np.arange((number - 1) * 16, number * 16, dtype="<u2").tobytes()


def test_frames_come_in_the_order_asked_for(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(multi_frame())
    found = parts_of(reader.get(f"{path_of(instance)}/frames/3,1,3"))
    content_type = f"application/octet-stream; transfer-syntax={EXPLICIT}"
    assert found == [Part(content_type, frame(number)) for number in (3, 1, 3)]


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED])
def test_native_frames_are_little_endian_whatever_they_are_stored_in(
    reader: WebReader, take_in: TakeIn, syntax: str
) -> None:
    ds = multi_frame()
    if syntax == BIG_ENDIAN:
        ds.PixelData = np.arange(80, dtype=">u2").tobytes()
    instance = take_in(ds, syntax)
    found = parts_of(reader.get(f"{path_of(instance)}/frames/2"))
    assert found == [Part(f"application/octet-stream; transfer-syntax={EXPLICIT}", frame(2))]


@pytest.mark.parametrize(
    ("numbers", "status"),
    [("0", 404), ("6", 404), ("1,6", 404), ("a", 400), ("1,", 400), ("-1", 400), ("1;2", 400), ("²", 400)],
)
def test_frames_that_are_not_there_are_refused_without_a_byte(
    reader: WebReader, take_in: TakeIn, numbers: str, status: int
) -> None:
    response = reader.get(f"{path_of(take_in(multi_frame()))}/frames/{numbers}")
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not ViewingSession.objects.exists()


def test_an_instance_without_pixels_has_no_frames(reader: WebReader, take_in: TakeIn) -> None:
    ds = small_ct(PixelData=None, Rows=None, Columns=None)
    assert reader.get(f"{path_of(take_in(ds))}/frames/1").status_code == 404


NATIVE_TYPE = f"application/octet-stream; transfer-syntax={EXPLICIT}"
MULTIPART = 'multipart/related; type="application/octet-stream"'


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, MULTIPART),
        ("*/*", MULTIPART),
        (CORNERSTONE, MULTIPART),
        ('multipart/related; type="application/octet-stream"', MULTIPART),
        ('multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1', MULTIPART),
        ('multipart/related; type="image/jpeg", multipart/related; type="application/octet-stream"', MULTIPART),
        ("application/octet-stream", NATIVE_TYPE),
        ("application/octet-stream; transfer-syntax=*", NATIVE_TYPE),
        ("image/jpeg, application/octet-stream;q=0.5", NATIVE_TYPE),
        ('multipart/related; type="image/jls"', 'multipart/related; type="image/jls"'),
        ('multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.4.80', MULTIPART),
        ('multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.90', None),
        ("image/jpeg", None),
        ("application/octet-stream;q=0", None),
        ("rubbish", None),
        ('multipart/related; type="application/dicom"', None),
    ],
)
def test_native_frames_are_negotiated(
    reader: WebReader, take_in: TakeIn, accept: str | None, content_type: str | None
) -> None:
    path = f"{path_of(take_in(small_ct()))}/frames/1"
    response = reader.get(path) if accept is None else reader.get(path, Accept=accept)
    assert response.status_code == (406 if content_type is None else 200)
    if content_type is not None:
        assert response.headers["Content-Type"].startswith(content_type)
    else:
        assert response.json()["code"] == "not_acceptable"


@pytest.mark.parametrize(
    ("name", "accept", "content_type"),
    [
        ("MR_small_jpeg_ls_lossless.dcm", CORNERSTONE, "image/jls; transfer-syntax=1.2.840.10008.1.2.4.80"),
        ("MR_small_jpeg_ls_lossless.dcm", 'multipart/related; type="image/jls"', "image/jls"),
        ("MR_small_jpeg_ls_lossless.dcm", 'multipart/related; type="image/x-jls"', "image/x-jls"),
        ("MR_small_jpeg_ls_lossless.dcm", "multipart/related; type=image/*", "image/jls"),
        ("MR_small_jpeg_ls_lossless.dcm", 'multipart/related; type="image/jp2"', "image/jp2"),
        ("MR_small_jpeg_ls_lossless.dcm", 'multipart/related; type="application/octet-stream"', NATIVE_TYPE),
        ("MR_small_jpeg_ls_lossless.dcm", 'multipart/related; type="image/jpeg"', None),
        ("MR_small_RLE.dcm", CORNERSTONE, "image/x-dicom-rle; transfer-syntax=1.2.840.10008.1.2.5"),
        ("MR_small_RLE.dcm", 'multipart/related; type="image/dicom-rle"', "image/dicom-rle"),
        ("MR_small_jp2klossless.dcm", CORNERSTONE, "image/jp2; transfer-syntax=1.2.840.10008.1.2.4.90"),
    ],
)
def test_compressed_frames_are_negotiated(
    reader: WebReader, take_in: TakeIn, shared_data: Path, name: str, accept: str, content_type: str | None
) -> None:
    response = reader.get(f"{path_of(take_in(shared_data / 'syntaxes' / 'tiny' / name))}/frames/1", Accept=accept)
    if content_type is None:
        assert response.status_code == 406
    else:
        (part,) = parts_of(response)
        assert part.content_type.startswith(content_type)


def test_the_query_parameter_accept_wins(reader: WebReader, take_in: TakeIn) -> None:
    path = f"{path_of(take_in(small_ct()))}/frames/1?accept=application/octet-stream"
    assert reader.get(path, Accept="image/jpeg").headers["Content-Type"] == NATIVE_TYPE


def test_a_frame_that_the_browser_has_is_not_sent_again_but_counted(reader: WebReader, take_in: TakeIn) -> None:
    path = f"{path_of(take_in(small_ct()))}/frames/1"
    first = reader.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    second = reader.get(path, If_None_Match=first.headers["ETag"])
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]
    records.reads.flush()
    session = ViewingSession.objects.get()
    assert (session.frames, session.sent_bytes) == (2, 32)


def test_what_is_read_is_counted(reader: WebReader, take_in: TakeIn) -> None:
    first = small_ct()
    instances = [take_in(first), take_in(multi_frame(StudyInstanceUID=first.StudyInstanceUID))]
    reader.get(f"{path_of(instances[0])}/frames/1")
    reader.get(f"{path_of(instances[1])}/frames/1,2,3")
    records.reads.flush()
    session = ViewingSession.objects.get()
    assert (session.session_id, session.sub, session.frames, session.sent_bytes) == ("session-1", "user-1", 4, 128)
    assert sorted(ReadInstance.objects.values_list("instance_pk", flat=True)) == [one.pk for one in instances]


def test_a_large_answer_is_streamed_whole(reader: WebReader, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "IN_MEMORY_BYTES", 10)
    response = reader.get(f"{path_of(take_in(multi_frame()))}/frames/1,2,3,4,5")
    assert response.streaming
    assert [part.body for part in parts_of(response)] == [frame(number) for number in range(1, 6)]


def test_a_file_that_is_gone_is_told_before_anything_is_sent(
    reader: WebReader, take_in: TakeIn, archive: Archive
) -> None:
    instance = take_in(small_ct())
    archive.path_of(instance.relative_path).unlink()
    response = reader.get(f"{path_of(instance)}/frames/1")
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert not ViewingSession.objects.exists()


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_a_whole_instance_is_the_file_in_the_archive(
    reader: WebReader, take_in: TakeIn, archive: Archive, syntax: str
) -> None:
    ds = small_ct()
    instance = take_in(ds, syntax)
    (part,) = parts_of(reader.get(path_of(instance)))
    assert part.content_type == f"application/dicom; transfer-syntax={syntax}"
    assert part.body == archive.path_of(instance.relative_path).read_bytes()
    single = reader.get(path_of(instance), Accept="application/dicom; transfer-syntax=*")
    assert (single.headers["Content-Type"], body_of(single)) == (part.content_type, part.body)
    assert stored_data_set(archive.path_of(instance.relative_path)) in part.body


def test_a_study_is_all_its_instances(reader: WebReader, take_in: TakeIn, archive: Archive) -> None:
    first = small_ct(InstanceNumber=1)
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    instances = [take_in(first), take_in(small_ct(**same, InstanceNumber=2))]
    take_in(small_ct())
    path = path_of(instances[0]).partition("/series")[0]
    expected = [archive.path_of(one.relative_path).read_bytes() for one in instances]
    assert [part.body for part in parts_of(reader.get(path))] == expected
    assert reader.get(path, Accept="application/dicom").status_code == 406


def test_bulk_data_of_native_pixels_is_the_value(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(multi_frame())
    (part,) = parts_of(reader.get(f"{path_of(instance)}/bulkdata/7FE00010"))
    assert part.body == np.arange(80, dtype="<u2").tobytes()
    single = reader.get(f"{path_of(instance)}/bulkdata/7fe00010", Accept="application/octet-stream")
    assert single.content == part.body
    assert reader.get(f"{path_of(instance)}/bulkdata/00100010").status_code == 404


def test_bulk_data_of_encapsulated_pixels_is_its_frames(reader: WebReader, take_in: TakeIn, shared_data: Path) -> None:
    path = shared_data / "us-color" / "IM00001.fragmented_no_bot_jpeg_baseline.50.dcm"
    found = parts_of(reader.get(f"{path_of(take_in(path))}/bulkdata/7FE00010"))
    assert [part.body for part in found] == frames_by_pydicom(path)


def test_every_reference_of_the_metadata_leads_to_its_value(
    reader: WebReader, take_in: TakeIn, shared_data: Path, settings: Settings
) -> None:
    settings.DICOMWEB_PUBLIC_URL = "http://testserver/dicomweb"
    ds = dcmread(shared_data / "us-color" / "examples_palette.dcm")
    instance = take_in(shared_data / "us-color" / "examples_palette.dcm")
    (metadata,) = reader.json(f"{path_of(instance)}/metadata")
    references = {tag: element["BulkDataURI"] for tag, element in metadata.items() if "BulkDataURI" in element}
    assert "7FE00010" in references
    for tag, uri in references.items():
        response = reader.get(uri.removeprefix("http://testserver"), Accept="application/octet-stream")
        assert response.content == ds[int(tag, 16)].value
