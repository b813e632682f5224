"""Metadata of series and studies from prepared files: always of the present state, whatever happens to the files."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive, FileMeta
from dicomserver.dicomweb import documents
from dicomserver.index.models import Instance, InstanceMetadata, Origin, Series
from dicomserver.ingest import cache
from dicomserver.ingest.outcomes import Outcome, Source
from dicomserver.ingest.services import ingest_instance
from tests.dicomserver.dicomweb.reading import WebReader, path_of, series_path_of, study_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, encode, small_ct


def slices(count: int, **changes: Any) -> list[Dataset]:
    """Slices of one series."""
    first = small_ct(InstanceNumber=1, **changes)
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    return [first, *(small_ct(**changes, **same, InstanceNumber=number) for number in range(2, count + 1))]


def kept_files(home: Path) -> list[Path]:
    return sorted(path for path in (home / "cache" / "metadata").rglob("*") if path.is_file())


def numbers(found: list[dict[str, Any]]) -> list[int]:
    return [one["00200013"]["Value"][0] for one in found]


def test_an_added_instance_is_in_the_very_next_answer(reader: WebReader, take_in: TakeIn, home: Path) -> None:
    first, *others = slices(3)
    path = f"{series_path_of(take_in(first))}/metadata"
    assert numbers(reader.json(path)) == [1]
    (old,) = kept_files(home)
    stale = old.read_bytes()
    for ds in others:
        take_in(ds)
        # What another process wrote late, of the state before.
        old.write_bytes(stale)
        assert numbers(reader.json(path)) == list(range(1, ds.InstanceNumber + 1))
        assert kept_files(home) == [old]
        assert old.read_bytes() != stale


def test_the_second_answer_reads_the_kept_file_and_nothing_else(
    reader: WebReader, take_in: TakeIn, archive: Archive
) -> None:
    instance = take_in(slices(1)[0])
    path = f"{series_path_of(instance)}/metadata"
    found = reader.json(path)
    InstanceMetadata.objects.all().delete()
    archive.path_of(instance.relative_path).unlink()
    assert reader.json(path) == found
    assert not InstanceMetadata.objects.exists()


def test_a_document_is_of_its_series_and_a_studys_of_all(reader: WebReader, take_in: TakeIn) -> None:
    one, other = small_ct(InstanceNumber=1, SeriesNumber=1), small_ct(InstanceNumber=2, SeriesNumber=2)
    other.StudyInstanceUID = one.StudyInstanceUID
    first, second = take_in(one), take_in(other)
    for _ in range(2):
        assert numbers(reader.json(f"{series_path_of(first)}/metadata")) == [1]
        assert numbers(reader.json(f"{series_path_of(second)}/metadata")) == [2]
        assert numbers(reader.json(f"{study_path_of(first)}/metadata")) == [1, 2]
    other.SOPInstanceUID, other.InstanceNumber = "1.2.3.4", 3
    take_in(other)
    assert numbers(reader.json(f"{study_path_of(first)}/metadata")) == [1, 2, 3]


def test_clients_with_and_without_gzip_get_the_same(reader: WebReader, take_in: TakeIn) -> None:
    path = f"{series_path_of(take_in(slices(1)[0]))}/metadata"
    for _ in range(2):
        plain = reader.get(path)
        packed = reader.get(path, Accept_Encoding="gzip")
        assert gzip.decompress(packed.content) == plain.content
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["ETag"] != plain.headers["ETag"]
        assert reader.get(path, Accept_Encoding="gzip", If_None_Match=packed.headers["ETag"]).status_code == 304


def test_a_large_document_is_inflated_piece_by_piece(
    reader: WebReader, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dicomserver.dicomweb.views import metadata as view

    path = f"{series_path_of(take_in(slices(1)[0]))}/metadata"
    whole = reader.get(path).content
    monkeypatch.setattr(view, "IN_MEMORY_BYTES", 10)
    monkeypatch.setattr(documents, "PIECE_BYTES", 100)
    response = reader.get(path)
    pieces = list(response.streaming_content)
    assert b"".join(pieces) == whole
    assert int(response.headers["Content-Length"]) == len(whole)
    assert max(map(len, pieces)) == 100


def test_another_public_address_makes_another_document(reader: WebReader, take_in: TakeIn, settings: Settings) -> None:
    instance = take_in(slices(1)[0])
    path = f"{series_path_of(instance)}/metadata"
    etag = reader.get(path).headers["ETag"]
    settings.DICOMWEB_PUBLIC_URL = "https://images.hospital.test/dicomweb"
    response = reader.get(path, If_None_Match=etag)
    (found,) = json.loads(response.content)
    assert found["7FE00010"]["BulkDataURI"] == f"https://images.hospital.test{path_of(instance)}/bulkdata/7FE00010"


@pytest.mark.parametrize("keep_bytes", [0, 20, 48, -1])
def test_a_damaged_file_is_made_again(reader: WebReader, take_in: TakeIn, home: Path, keep_bytes: int) -> None:
    path = f"{series_path_of(take_in(slices(1)[0]))}/metadata"
    found = reader.json(path)
    (kept,) = kept_files(home)
    whole = kept.read_bytes()
    kept.write_bytes(whole[:keep_bytes])
    assert reader.json(path) == found
    assert len(kept.read_bytes()) == len(whole)


class Killed(BaseException):
    """Ends what runs, as SIGKILL does."""


def test_a_process_killed_while_it_writes_leaves_nothing_that_is_sent(
    reader: WebReader, take_in: TakeIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{series_path_of(take_in(slices(1)[0]))}/metadata"

    def kill(descriptor: int) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(cache.os, "fdatasync", kill)
        with pytest.raises(Killed):
            reader.get(path)
    (left_over,) = kept_files(home)
    assert numbers(reader.json(path)) == [1]
    assert len(kept_files(home)) == 2
    assert cache.remove_least_used(home / "cache", 2**40, left_over.stat().st_mtime + 3601) == 1
    assert not left_over.exists()
    assert len(kept_files(home)) == 1


def test_a_full_disk_keeps_nothing_and_answers(
    reader: WebReader, take_in: TakeIn, home: Path, settings: Settings
) -> None:
    path = f"{series_path_of(take_in(slices(1)[0]))}/metadata"
    settings.ARCHIVE_RESERVE_BYTES = 2**60
    for _ in range(2):
        assert numbers(reader.json(path)) == [1]
    assert kept_files(home) == []


def test_a_cache_that_cannot_be_written_keeps_nothing_and_answers(
    reader: WebReader, take_in: TakeIn, home: Path
) -> None:
    path = f"{series_path_of(take_in(slices(1)[0]))}/metadata"
    (home / "cache").write_text("a file where the folder should be")
    assert numbers(reader.json(path)) == [1]


@pytest.mark.parametrize("damage", ["missing", "other bytes", "shorter"])
def test_an_instance_that_cannot_be_read_is_told_from_the_index_until_it_can(
    reader: WebReader, take_in: TakeIn, archive: Archive, home: Path, damage: str
) -> None:
    first, second = slices(2)
    good, bad = take_in(first), take_in(second)
    stored = archive.path_of(bad.relative_path)
    content = stored.read_bytes()
    if damage == "missing":
        stored.unlink()
    else:
        stored.write_bytes(b"\xff" * (len(content) if damage == "other bytes" else 1000))
    path = f"{series_path_of(good)}/metadata"
    response = reader.get(path)
    whole, told = json.loads(response.content)
    assert whole["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Popescu^Ion"}]}
    assert told["00080018"] == {"vr": "UI", "Value": [second.SOPInstanceUID]}
    assert [told[tag]["Value"] for tag in ("00200013", "00280010", "00280011", "00280100")] == [[2], [4], [4], [16]]
    assert "00100010" not in told
    assert "ETag" not in response.headers
    assert response.headers["Cache-Control"] == "private, no-store"
    assert kept_files(home) == []
    stored.write_bytes(content)
    found = reader.json(path)
    assert [one["00100010"]["Value"] for one in found] == [[{"Alphabetic": "Popescu^Ion"}]] * 2


def test_an_instance_that_was_sent_again_has_its_values_where_they_are_now(
    reader: WebReader, take_in: TakeIn, archive: Archive
) -> None:
    ds = slices(1)[0]
    instance = take_in(ds)
    references = reader.json(f"{series_path_of(instance)}/metadata")
    bulk = f"{path_of(instance)}/bulkdata/7FE00010"
    assert reader.get(bulk, Accept="application/octet-stream").content == ds.PixelData
    archive.path_of(instance.relative_path).unlink()
    # Another sender's name makes a head of another length.
    incoming = archive.receive(FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT, "A_LONGER_TITLE"))
    incoming.write(encode(ds))
    ingested = ingest_instance(incoming=incoming, source=Source(Origin.C_STORE, "A_LONGER_TITLE"), archive=archive)
    assert ingested.outcome is Outcome.ALREADY_STORED
    assert Instance.objects.get().data_set_offset != instance.data_set_offset
    assert reader.get(bulk, Accept="application/octet-stream").content == ds.PixelData
    assert reader.json(f"{series_path_of(instance)}/metadata") == references


@pytest.mark.django_db(transaction=True)
def test_requests_that_prepare_the_same_at_once_give_the_same(reader: WebReader, take_in: TakeIn, home: Path) -> None:
    instances = [take_in(ds) for ds in slices(40)]
    path = f"{series_path_of(instances[0])}/metadata"
    assert not InstanceMetadata.objects.exists()

    def read(_: int) -> bytes:
        try:
            content: bytes = reader.get(path).content
            return content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        (answer,) = set(pool.map(read, range(6)))
    assert numbers(json.loads(answer)) == list(range(1, 41))
    assert InstanceMetadata.objects.count() == 40
    assert len(kept_files(home)) == 1


def test_each_instance_raises_its_series_revision_and_no_others(take_in: TakeIn, db: None, archive: Archive) -> None:
    first, second = slices(2)
    take_in(first)
    take_in(small_ct(StudyInstanceUID=first.StudyInstanceUID))
    before = dict(Series.objects.values_list("series_instance_uid", "revision"))
    take_in(second)
    after = dict(Series.objects.values_list("series_instance_uid", "revision"))
    grown = [uid for uid in after if after[uid] != before[uid]]
    assert grown == [first.SeriesInstanceUID]
    assert after[first.SeriesInstanceUID] > before[first.SeriesInstanceUID] > 1_700_000_000_000_000


def structured_report() -> Dataset:
    text = Dataset()
    text.ValueType, text.TextValue = "TEXT", "Fără modificări. Без изменений."
    ds = small_ct(PixelData=None, Rows=None, Columns=None, BitsAllocated=None, Modality="SR")
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    ds.ContentSequence = Sequence([text])
    return ds


def enhanced() -> Dataset:
    def frame(number: int) -> Dataset:
        position, item = Dataset(), Dataset()
        position.ImagePositionPatient = [0.0, 0.0, float(number)]
        item.PlanePositionSequence = Sequence([position])
        return item

    ds = small_ct(NumberOfFrames=3, PixelData=bytes(96))
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    ds.PerFrameFunctionalGroupsSequence = Sequence([frame(number) for number in range(3)])
    return ds


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN])
@pytest.mark.parametrize("make", [small_ct, structured_report, enhanced])
def test_documents_of_all_kinds_hold_what_pydicom_wrote(
    reader: WebReader, take_in: TakeIn, make: Any, syntax: str
) -> None:
    ds = make()
    (found,) = reader.json(f"{series_path_of(take_in(ds, syntax))}/metadata")
    found.pop("7FE00010", None)
    assert found.pop("00083002") == {"vr": "UI", "Value": [syntax]}
    expected = json.loads(ds.to_json(suppress_invalid_tags=True, bulk_data_element_handler=lambda element: "x"))
    expected.pop("7FE00010", None)
    assert found == expected


@pytest.mark.parametrize("folder", ["objects", "enhanced"])
def test_real_reports_and_enhanced_objects_have_their_sequences(
    reader: WebReader, take_in: TakeIn, shared_data: Path, folder: str
) -> None:
    names = {"objects": ("ContentSequence",), "enhanced": ("PerFrameFunctionalGroupsSequence",)}[folder]
    seen = 0
    for path in sorted((shared_data / folder).rglob("*.dcm"))[:40]:
        ds = dcmread(path, force=True, stop_before_pixels=True)
        if "StudyInstanceUID" not in ds or not any(name in ds for name in names):
            continue
        instance = take_in(path)
        (found,) = reader.json(f"{path_of(instance)}/metadata")
        for name in names:
            if name in ds:
                assert len(found[f"{int(ds[name].tag):08X}"]["Value"]) == len(ds[name].value), path.name
                seen += 1
    assert seen >= 2
