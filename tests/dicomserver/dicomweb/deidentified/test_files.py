"""Large objects and large series: what is cleaned is the header, and memory stays that of a header."""

import time
from io import BytesIO
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from dicomserver.dicomweb.deidentified import files
from dicomserver.dicomweb.selectors import Scope
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.deidentified.conftest import Disguise
from tests.dicomserver.dicomweb.reading import WebReader, parts_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import DEFLATED, EXPLICIT, IMPLICIT, JPEG_LS, small_ct

DICOM_PARTS = 'multipart/related; type="application/dicom"'
LARGE = 300 * 1024


def download(reader: Any, instance: Instance) -> bytes:
    (part,) = parts_of(reader.get(reader.path(instance), Accept=DICOM_PARTS))
    return part.body


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
def test_what_was_left_in_the_file_for_its_size_is_cleaned_too(
    disguised: Disguise, take_in: TakeIn, syntax: str
) -> None:
    items = []
    for number in range(3000):
        item = Dataset()
        item.PatientName = f"LEAK{number:04}^In^A^Long^Sequence"
        item.CodeMeaning = "kept"
        item.add_new(0x00091010, "LO", "LEAK private")
        item.OperatorsName = "LEAK"
        items.append(item)
    ds = small_ct(AnatomicRegionSequence=Sequence(items), ImageComments="LEAK")
    ds.RedPaletteColorLookupTableData = bytes(range(256)) * (LARGE // 256)
    ds["RedPaletteColorLookupTableData"].VR = "OW"
    ds.add_new(0x00104000, "LT", "LEAK" * 1000)
    ds[0x00420011] = DataElement(0x00420011, "OB", b"LEAK" * LARGE)
    ds[0x00091010] = DataElement(0x00091010, "OB", b"LEAK" * LARGE)
    ds[0x60003000] = DataElement(0x60003000, "OW", b"LEAK" * LARGE)
    ds[0xFFFCFFFC] = DataElement(0xFFFCFFFC, "OB", b"LEAK" * 10)
    instance = take_in(ds, syntax)
    reader = disguised(ds.StudyInstanceUID)
    found = dcmread(BytesIO(download(reader, instance)))
    assert len(found.AnatomicRegionSequence) == 3000
    assert {item.CodeMeaning for item in found.AnatomicRegionSequence} == {"kept"}
    assert "LEAK" not in str(found)
    assert found.RedPaletteColorLookupTableData == ds.RedPaletteColorLookupTableData
    assert found.PixelData == ds.PixelData
    assert {0x00420011, 0x00091010, 0x60003000, 0xFFFCFFFC} & {int(tag) for tag in found._dict} <= {0x00420011}
    (metadata,) = reader.json(f"{reader.path(instance)}/metadata")
    assert "LEAK" not in str(metadata)
    for tag in ("00420011", "00091010", "60003000", "00104000"):
        assert reader.get(f"{reader.path(instance)}/bulkdata/{tag}").status_code == 404
    if syntax != DEFLATED:
        assert metadata["00281201"]["BulkDataURI"].endswith(f"{reader.path(instance)}/bulkdata/00281201")
        (part,) = parts_of(reader.get(f"{reader.path(instance)}/bulkdata/00281201"))
        assert part.body == ds.RedPaletteColorLookupTableData


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_pixels_are_not_held_in_memory(disguised: Disguise, take_in: TakeIn, syntax: str) -> None:
    ds = small_ct(Rows=2048, Columns=2048, NumberOfFrames=4)
    ds.PixelData = bytes(2048 * 2048 * 2 * 4)
    ds["PixelData"].VR = "OW"
    instance = take_in(ds, syntax)
    reader = disguised(ds.StudyInstanceUID)
    response = reader.get(reader.path(instance), Accept="application/dicom")
    assert response.streaming
    pieces = [len(piece) for piece in response.streaming_content]
    assert sum(pieces) == int(response.headers["Content-Length"]) > 32 * 1024 * 1024
    assert max(pieces) <= 1024 * 1024
    (layout,) = files.memory._layouts.values()
    assert layout.held_bytes < 10_000


def test_fragments_are_copied_and_what_stands_behind_them_is_not(disguised: Disguise, take_in: TakeIn) -> None:
    frames = [b"\xff\xd8\xff" + bytes([number]) * 61 for number in range(3)]
    ds = small_ct(NumberOfFrames=3)
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds[0xFFFCFFFC] = DataElement(0xFFFCFFFC, "OB", b"LEAK")
    instance = take_in(ds, JPEG_LS)
    reader = disguised(ds.StudyInstanceUID)
    body = download(reader, instance)
    assert b"LEAK" not in body
    assert dcmread(BytesIO(body)).PixelData == ds.PixelData
    parts = parts_of(reader.get(f"{reader.path(instance)}/frames/2,3"))
    assert [part.body[:64] for part in parts] == frames[1:]


def test_whole_study_comes_in_one_answer(disguised: Disguise, take_in: TakeIn) -> None:
    first = small_ct(InstanceNumber=1)
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    instance = take_in(first)
    for number in range(2, 6):
        take_in(small_ct(**same, InstanceNumber=number))
    reader = disguised(first.StudyInstanceUID)
    for path in (reader.study_path, reader.series_path(instance)):
        parts = parts_of(reader.get(path, Accept=DICOM_PARTS))
        found = [dcmread(BytesIO(part.body)) for part in parts]
        assert [ds.InstanceNumber for ds in found] == [1, 2, 3, 4, 5]
        assert {ds.SeriesInstanceUID for ds in found} == {reader.uid(first.SeriesInstanceUID)}


def test_file_that_cannot_be_read_is_told_and_nothing_of_it_sent(
    disguised: Disguise, take_in: TakeIn, archive: Any
) -> None:
    ds = small_ct()
    instance = take_in(ds)
    archive.path_of(instance.relative_path).unlink()
    reader = disguised(ds.StudyInstanceUID)
    response = reader.get(reader.path(instance))
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    answer = reader.get(f"{reader.study_path}/metadata")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.json()[0]["00080018"]["Value"] == [reader.uid(ds.SOPInstanceUID)]
    assert ds.StudyInstanceUID.encode() not in answer.content


def test_metadata_is_kept_and_made_again_when_the_series_grows(
    disguised: Disguise, reader: WebReader, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dicomserver.dicomweb import documents

    ds = small_ct()
    instance = take_in(ds)
    hidden = disguised(ds.StudyInstanceUID)
    path = f"{hidden.series_path(instance)}/metadata"
    assert len(hidden.json(path)) == 1
    with monkeypatch.context() as patched:
        patched.setattr(documents, "_made", None)
        assert len(hidden.json(path)) == 1
    take_in(small_ct(StudyInstanceUID=ds.StudyInstanceUID, SeriesInstanceUID=ds.SeriesInstanceUID))
    assert len(hidden.json(path)) == 2


def test_metadata_of_a_thousand_slices_comes_in_seconds(disguised: Disguise, take_in: TakeIn) -> None:
    first = small_ct()
    instance = take_in(first)
    row = Instance.objects.values().get()
    row.pop("id")
    Instance.objects.bulk_create(
        Instance(**row | {"sop_instance_uid": generate_uid(), "instance_number": number}) for number in range(999)
    )
    reader = disguised(first.StudyInstanceUID)
    begun = time.monotonic()
    assert len(reader.json(f"{reader.series_path(instance)}/metadata")) == 1000
    # Alone on a processor it is a second.
    assert time.monotonic() - begun < 10
    assert Scope(first.StudyInstanceUID).instances().count() == 1000
