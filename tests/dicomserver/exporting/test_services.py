"""Studies exported: the ZIP opens everywhere, is the same each time, and its DICOMDIR tells what is in it."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pydicom import dcmread
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid

from dicomserver.archive import Archive
from dicomserver.exporting import archive_layout, contents
from dicomserver.exporting.archive_layout import ArchivedFile, ArchiveLayout, file_of
from dicomserver.exporting.services import stored_export, study_layout
from dicomserver.importing.results import FileOutcome
from dicomserver.importing.services import Importer
from dicomserver.index.models import Instance, Study
from dicomserver.index.selectors import instances_of_study
from dicomserver.ingest.digests import data_set_sha256_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import encode, files_below, small_ct, stored_data_set

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process remembers is of one test."""
    monkeypatch.setattr("dicomserver.exporting.services.exports", contents.Exports())


@pytest.fixture
def study(take_in: TakeIn) -> str:
    """A study of two series, of two instances and one, whose patient's name is not Latin."""
    first = small_ct(PatientName="Иванова^Анна", StudyID=None, SeriesNumber=None)
    uid, series = first.StudyInstanceUID, first.SeriesInstanceUID
    more = {"PatientName": "Иванова^Анна", "StudyInstanceUID": uid, "StudyID": None}
    for ds in (
        first,
        small_ct(SeriesInstanceUID=series, InstanceNumber=8, SeriesNumber=None, **more),
        small_ct(**more),
    ):
        take_in(ds)
    return str(uid)


@contextmanager
def file_set_at(folder: Path) -> Iterator[FileSet]:
    """The file set as pydicom reads it, whose own temporary folder goes with it."""
    file_set = FileSet(folder / "DICOMDIR")
    yield file_set
    file_set._stage["t"].cleanup()


def opened(layout: ArchiveLayout) -> zipfile.ZipFile:
    content = b"".join(layout.pieces())
    assert len(content) == layout.length
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return archive


def test_an_exported_zip_holds_the_files_as_they_are_stored(archive: Archive, study: str) -> None:
    with opened(study_layout(study, archive)) as exported:
        names = exported.namelist()
        assert names == [
            "DICOMDIR", "README.TXT", "DICOM/S0000001/I0000001", "DICOM/S0000002/I0000001", "DICOM/S0000002/I0000002",
        ]  # fmt: skip
        stored = {archive.path_of(row.relative_path).read_bytes() for row in Instance.objects.all()}
        assert {exported.read(name) for name in names[2:]} == stored


def test_every_part_of_the_zip_is_what_the_whole_has_there(archive: Archive, study: str) -> None:
    layout = study_layout(study, archive)
    whole = b"".join(layout.pieces())
    for start in range(0, layout.length, 97):
        # Each time anew: what is asked for first may be the end.
        part = b"".join(ArchiveLayout(layout.files).pieces(start, 1000))
        assert part == whole[start : start + 1000]


def test_the_directory_lists_patient_study_series_and_instances(archive: Archive, study: str, tmp_path: Path) -> None:
    call_command("export_study", study, str(tmp_path / "cd"), stdout=io.StringIO())
    with file_set_at(tmp_path / "cd") as file_set:
        assert len(file_set) == 3
        assert file_set.find_values("PatientName") == ["Иванова^Анна"]
        assert file_set.find_values("StudyInstanceUID") == [study]
        assert len(file_set.find_values("SeriesInstanceUID")) == 2
        assert {instance.load().SOPInstanceUID for instance in file_set} == set(
            Instance.objects.values_list("sop_instance_uid", flat=True)
        )
    directory = dcmread(tmp_path / "cd" / "DICOMDIR")
    by_type: dict[str, list[object]] = {}
    for record in directory.DirectoryRecordSequence:
        by_type.setdefault(record.DirectoryRecordType, []).append(record)
    assert [len(by_type[kind]) for kind in ("PATIENT", "STUDY", "SERIES", "IMAGE")] == [1, 1, 2, 3]
    assert by_type["STUDY"][0].StudyID == "UNKNOWN"
    assert sorted(record.SeriesNumber for record in by_type["SERIES"]) == [2, 3]


def test_an_export_is_taken_in_again_without_a_change(archive: Archive, study: str, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("export_study", study, str(tmp_path / "out.zip"), stdout=out)
    assert out.getvalue().strip() == f"{tmp_path / 'out.zip'}: 5 files"
    found = [str(one.outcome) for one in Importer(archive).path(tmp_path / "out.zip")]
    assert sorted(found) == ["DICOMDIR", "already_stored", "already_stored", "already_stored", "not DICOM"]


def test_the_same_study_gives_the_same_zip_and_checksums_are_kept(
    archive: Archive, study: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = study_layout(study, archive)
    whole = b"".join(first.pieces())
    assert first.is_complete
    row = Study.objects.get(study_instance_uid=study)
    contents.keep_checksums(stored_export(list(instances_of_study(row)), archive)[0], first)
    monkeypatch.setattr("dicomserver.exporting.services.exports", contents.Exports())
    kept = study_layout(study, archive)
    assert kept.is_complete
    assert b"".join(kept.pieces()) == whole


def test_a_study_that_grew_is_another_export(archive: Archive, study: str, take_in: TakeIn) -> None:
    before = study_layout(study, archive).length
    take_in(small_ct(StudyInstanceUID=study))
    layout = study_layout(study, archive)
    assert layout.length > before
    with opened(layout) as exported:
        assert len(exported.namelist()) == 6


def test_a_target_that_is_there_and_a_study_that_is_not_are_refused(
    archive: Archive, study: str, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_study", study, str(tmp_path / "there"))
    with pytest.raises(CommandError, match="does not hold the study"):
        call_command("export_study", generate_uid(), str(tmp_path / "new"))
    with pytest.raises(CommandError):
        call_command("export_study", "../../etc", str(tmp_path / "new"))
    assert list((tmp_path / "there").iterdir()) == []
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_gone_leaves_no_half_export(archive: Archive, study: str, tmp_path: Path) -> None:
    row = Instance.objects.first()
    assert row is not None
    archive.path_of(row.relative_path).unlink()
    with pytest.raises(CommandError, match="Nothing was exported"):
        call_command("export_study", study, str(tmp_path / "out.zip"))
    assert [path for path in files_below(tmp_path) if not path.is_relative_to(tmp_path / "home")] == []


def test_large_files_and_many_files_are_written_as_zip64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_layout, "_LARGE", 2000)
    monkeypatch.setattr(archive_layout, "_MANY", 3)
    files = [file_of(f"A{number}", bytes([number]) * size, MOMENT) for number, size in enumerate((10, 3000, 20, 1500))]
    # Fields of 2000 stand for those of 0xFFFFFFFF; a reader takes the rest from the extra fields.
    content = b"".join(ArchiveLayout(files).pieces()).replace((2000).to_bytes(4, "little"), b"\xff" * 4)
    content = content[:-14] + b"\xff" * 4 + content[-10:]
    with zipfile.ZipFile(io.BytesIO(content)) as opened_again:
        assert opened_again.testzip() is None
        assert [info.file_size for info in opened_again.infolist()] == [10, 3000, 20, 1500]


def test_nothing_is_read_before_it_is_sent() -> None:
    asked: list[tuple[int, int]] = []

    def read(start: int, length: int) -> list[bytes]:
        asked.append((start, length))
        return [bytes(length)]

    layout = ArchiveLayout([ArchivedFile(name, 100, MOMENT, read) for name in ("A", "B")])
    assert layout.length > 200
    assert asked == []
    pieces = layout.pieces()
    next(pieces)
    assert asked == [(0, 100)]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_developers_set_comes_back_byte_by_byte(archive: Archive, shared_data: Path, tmp_path: Path) -> None:
    sent: dict[str, str] = {}
    for folder in sorted(path for path in shared_data.iterdir() if path.is_dir() and path.name != "broken"):
        for result in Importer(archive).path(folder):
            if result.outcome is FileOutcome.STORED:
                sent[result.sop_instance_uid] = data_set_sha256_of(Path(result.name)) or ""
    assert len(sent) > 200
    came: dict[str, str] = {}
    for number, study in enumerate(Study.objects.all()):
        folder = tmp_path / str(number)
        with opened(study_layout(study.study_instance_uid, archive)) as exported:
            exported.extractall(folder)
        with file_set_at(folder) as file_set:
            for one in file_set:
                came[str(one.SOPInstanceUID)] = data_set_sha256_of(Path(one.path)) or ""
    assert came == sent


def test_the_data_set_of_an_exported_file_is_that_which_was_sent(archive: Archive, take_in: TakeIn) -> None:
    ds = small_ct()
    take_in(ds)
    with opened(study_layout(ds.StudyInstanceUID, archive)) as exported:
        (archive.incoming / "x").write_bytes(exported.read("DICOM/S0000001/I0000001"))
    assert stored_data_set(archive.incoming / "x") == encode(ds)
