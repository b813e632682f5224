"""import_dicom, reindex_archive and verify_archive on real folders."""

import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pydicom.dataset import Dataset
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive, FileMeta
from dicomserver.archive.file_meta import encode_file_head
from dicomserver.index.models import Conflict, Instance, InstanceMetadata, QuarantinedFile, Series, Study
from dicomserver.outbox.models import OutboxMessage
from tests.dicomserver.objects import DEFLATED, EXPLICIT, encode, files_below, small_ct, stored_data_set

pytestmark = pytest.mark.django_db


def write_file(folder: Path, name: str, ds: Dataset, transfer_syntax_uid: str = EXPLICIT) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    head = encode_file_head(FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, transfer_syntax_uid, "CT1", "SERVER_A"))
    path.write_bytes(head + encode(ds, transfer_syntax_uid))
    return path


def run(name: str, *arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(name, *arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue().strip()


@pytest.fixture
def filled(archive: Archive, tmp_path: Path) -> Archive:
    """An archive of two studies, of two instances and one."""
    first = small_ct()
    second = small_ct(StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID)
    for number, ds in enumerate((first, second, small_ct(PatientName="Other^One"))):
        write_file(tmp_path / "in", f"{number}.dcm", ds)
    assert run("import_dicom", str(tmp_path / "in")) == ("stored: 3", "")
    return archive


def test_import_takes_files_and_folders_and_says_what_it_left(archive: Archive, tmp_path: Path) -> None:
    ds = small_ct()
    write_file(tmp_path / "in" / "deep", "a.dcm", ds)
    deflated = write_file(tmp_path / "in", "b", small_ct(), DEFLATED)
    write_file(tmp_path / "in", "again", ds)
    (tmp_path / "in" / "readme.txt").write_text("nothing of DICOM in here")
    bad = small_ct()
    del bad.StudyInstanceUID
    refused = write_file(tmp_path / "in", "c.dcm", bad)
    out, err = run("import_dicom", str(tmp_path / "in"), str(deflated))
    assert out == "already_stored: 2, not DICOM: 1, refused: 1, stored: 2"
    assert err.splitlines() == [
        f"{refused}: refused (no_uid): The data set has no StudyInstanceUID.",
        f"{tmp_path / 'in' / 'readme.txt'}: The file is not DICOM.",
    ]
    assert refused.exists()
    assert QuarantinedFile.objects.count() == 0
    assert files_below(archive.incoming) == []
    instance = Instance.objects.get(sop_instance_uid=ds.SOPInstanceUID)
    assert (instance.origin, instance.calling_ae_title) == ("import", "CT1")
    assert stored_data_set(archive.path_of(instance.relative_path)) == encode(ds)


def test_import_trusts_the_data_set_rather_than_the_file_meta(archive: Archive, tmp_path: Path) -> None:
    ds = small_ct()
    path = tmp_path / "mislabelled"
    path.write_bytes(encode_file_head(FileMeta("1.2.3", "4.5.6", EXPLICIT)) + encode(ds))
    assert run("import_dicom", str(path)) == ("stored: 1", "")
    assert Instance.objects.get().sop_instance_uid == ds.SOPInstanceUID


def test_import_says_what_to_do_when_the_disk_is_full(archive: Archive, tmp_path: Path, settings: Settings) -> None:
    settings.ARCHIVE_RESERVE_BYTES = archive.space().bytes_total
    write_file(tmp_path / "in", "a.dcm", small_ct())
    with pytest.raises(CommandError, match=r"no room .* Run the command again"):
        run("import_dicom", str(tmp_path / "in"))
    assert files_below(archive.incoming) == files_below(archive.root) == []


def test_reindex_changes_nothing_where_the_index_is_whole(filled: Archive) -> None:
    OutboxMessage.objects.all().delete()
    revisions = set(Study.objects.values_list("pk", "revision"))
    assert run("reindex_archive") == ("known: 3, added: 0, conflicts: 0", "")
    assert set(Study.objects.values_list("pk", "revision")) == revisions
    assert OutboxMessage.objects.count() == 0


def test_reindex_rebuilds_a_lost_index_and_reports_each_study_once(filled: Archive) -> None:
    def everything() -> tuple[list[Any], list[Any], list[int]]:
        instances = Instance.objects.order_by("sop_instance_uid").values_list(
            "sop_instance_uid", "relative_path", "file_bytes", "data_set_offset", "data_set_sha256", "header_sha256",
            "frame_table", "calling_ae_title", "called_ae_title", "series__series_instance_uid", "metadata__dicom_json",
        )  # fmt: skip
        studies = Study.objects.order_by("study_instance_uid").values_list(
            "study_instance_uid", "patient_name_alphabetic", "number_of_instances", "stored_bytes"
        )
        return list(instances), list(studies), sorted(Series.objects.values_list("number_of_instances", flat=True))

    before = everything()
    revisions = dict(Study.objects.values_list("study_instance_uid", "revision"))
    for model in (OutboxMessage, InstanceMetadata, Instance, Study):
        model.objects.all().delete()
    assert run("reindex_archive") == ("known: 0, added: 3, conflicts: 0", "")
    assert everything() == before
    assert OutboxMessage.objects.count() == 2
    assert all(
        revision > revisions[uid] for uid, revision in Study.objects.values_list("study_instance_uid", "revision")
    )
    assert run("reindex_archive") == ("known: 3, added: 0, conflicts: 0", "")
    assert OutboxMessage.objects.count() == 2


def test_reindex_keeps_the_time_of_arrival_and_knows_old_studies_as_complete(filled: Archive) -> None:
    for path in files_below(filled.root):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    for model in (OutboxMessage, Study):
        model.objects.all().delete()
    run("reindex_archive")
    study = Study.objects.get(number_of_instances=2)
    assert study.first_received_at.isoformat() == study.last_received_at.isoformat() == "2023-11-14T22:13:20+00:00"
    assert study.completed_at is not None


def test_reindex_sets_other_bytes_under_a_known_uid_aside(filled: Archive) -> None:
    instance = Instance.objects.order_by("pk")[0]
    path = filled.path_of(instance.relative_path)
    copy = filled.root / "2020/01/01/1.2/1.3" / path.name
    copy.parent.mkdir(parents=True)
    copy.write_bytes(path.read_bytes().replace(b"Popescu^Ion", b"Popescu^Iva").replace(b"Other^One", b"Other^Two"))
    assert run("reindex_archive")[0] == "known: 3, added: 0, conflicts: 1"
    conflict = Conflict.objects.get()
    assert conflict.instance == instance
    assert not copy.exists()
    assert filled.quarantine_path_of(conflict.relative_path).exists()


def test_reindex_names_a_file_that_it_cannot_read_and_goes_on(filled: Archive) -> None:
    Study.objects.all().delete()
    damaged = filled.root / next(iter(filled.stored_files()))
    damaged.write_bytes(damaged.read_bytes()[:-5])
    with pytest.raises(CommandError, match=str(damaged.relative_to(filled.root))):
        run("reindex_archive")
    assert Instance.objects.count() == 2
    assert damaged.exists()


def test_verify_finds_nothing_in_a_sound_archive(filled: Archive) -> None:
    assert run("verify_archive") == ("checked: 3, damaged: 0", "")


@pytest.mark.parametrize("place", ["preamble", "file meta", "first", "middle", "last"])
def test_verify_finds_one_flipped_bit_wherever_it_is(filled: Archive, place: str) -> None:
    instance = Instance.objects.order_by("pk")[1]
    path = filled.path_of(instance.relative_path)
    content = bytearray(path.read_bytes())
    offsets = {
        "preamble": 5,
        "file meta": 200,
        "first": instance.data_set_offset,
        "middle": len(content) // 2 + instance.data_set_offset // 2,
        "last": len(content) - 1,
    }
    content[offsets[place]] ^= 0x10
    path.write_bytes(content)
    err = StringIO()
    with pytest.raises(CommandError, match="1 of 3 files"):
        call_command("verify_archive", stdout=StringIO(), stderr=err)
    assert instance.relative_path in err.getvalue()


def test_verify_finds_missing_and_shortened_files(filled: Archive) -> None:
    first, second, _ = Instance.objects.order_by("pk")
    filled.path_of(first.relative_path).unlink()
    path = filled.path_of(second.relative_path)
    path.write_bytes(path.read_bytes()[:-2])
    err = StringIO()
    with pytest.raises(CommandError, match="2 of 3 files"):
        call_command("verify_archive", stdout=StringIO(), stderr=err)
    assert f"{first.relative_path}: the file is missing" in err.getvalue()
    assert f"{second.relative_path}: the file has" in err.getvalue()
