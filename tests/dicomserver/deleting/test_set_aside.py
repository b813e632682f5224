"""What was set aside, after a person has decided: taken in after all, or taken away, and told to the audit."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pydicom.dataset import Dataset, FileMetaDataset

from dicomserver.archive import Archive
from dicomserver.deleting.models import Deletion
from dicomserver.deleting.services import Deleter, Named, delete_instances
from dicomserver.identity import Identity
from dicomserver.importing.files import import_stream
from dicomserver.index.models import Conflict, Instance, Origin, QuarantinedFile
from dicomserver.ingest.errors import Reason
from dicomserver.ingest.outcomes import Outcome, Source
from dicomserver.ingest.quarantine import set_aside_file
from dicomserver.outbox.models import Kind, OutboxMessage
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import EXPLICIT, files_below, small_ct

pytestmark = pytest.mark.django_db(transaction=True)


def command(name: str, *names: str, reason: str = "Looked at it") -> str:
    out = StringIO()
    call_command(name, *names, **({} if name == "list_set_aside" else {"reason": reason}), stdout=out)
    return out.getvalue()


def listed() -> list[list[str]]:
    return [line.split("\t") for line in command("list_set_aside").splitlines()]


def file_of(ds: Dataset, folder: Path) -> Path:
    path = folder / f"{ds.SOPInstanceUID}.dcm"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = EXPLICIT
    ds.save_as(path, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return path


def refused(path: Path, archive: Archive, reason: Reason = Reason.NOT_INDEXED) -> QuarantinedFile:
    """The file, set aside as something that a former version could not take in."""
    source = Source(Origin.C_STORE, "CT_EAST", remote_address="10.0.0.1")
    set_aside_file(path, path.stat().st_size, reason, source, archive)
    return QuarantinedFile.objects.latest("pk")


def conflicts_of(stored: Dataset, folder: Path, archive: Archive, *descriptions: str) -> list[Conflict]:
    """Other data sets under the UIDs of a stored one."""
    for description in descriptions:
        stored.SeriesDescription = description
        with file_of(stored, folder).open("rb") as file:
            assert import_stream(file, archive).outcome is Outcome.CONFLICT
    return list(Conflict.objects.order_by("pk"))


def events() -> list[tuple[Any, ...]]:
    bodies = OutboxMessage.objects.filter(kind=Kind.ACCESS_EVENT).order_by("pk").values_list("body", flat=True)
    return [
        (one["kind"], one["instances"], one["study_instance_uid"], one["reason"], one["way"]) for one in bodies if one
    ]


TOLD = "Of a file that was set aside: Looked at it"


def test_a_refused_file_that_can_be_read_now_is_taken_in(archive: Archive, enrolled: Identity, tmp_path: Path) -> None:
    ds = small_ct()
    row = refused(file_of(ds, tmp_path), archive)
    ((name, reason, _, sender, size, study, instance, path),) = listed()
    assert (name, reason, sender, size) == (f"q{row.pk}", "not_indexed", "CT_EAST", str(row.file_bytes))
    assert (study, instance, path) == ("-", "-", row.relative_path)
    assert command("take_in_set_aside", name) == f"{name} taken in.\n"
    found = Instance.objects.get()
    assert (found.sop_instance_uid, found.origin, found.calling_ae_title) == (ds.SOPInstanceUID, "c_store", "CT_EAST")
    assert listed() == []
    assert files_below(archive.quarantine_root) == []
    assert events() == [("instances_stored", 1, ds.StudyInstanceUID, TOLD, "command")]


def test_a_file_that_still_cannot_be_read_stays(archive: Archive, enrolled: Identity, tmp_path: Path) -> None:
    for number, content in enumerate(
        (b"no DICOM at all", bytes(128) + b"DICM", file_of(small_ct(), tmp_path).read_bytes()[:700])
    ):
        path = tmp_path / f"{number}"
        path.write_bytes(content)
        row = refused(path, archive, Reason.UNREADABLE)
        with pytest.raises(CommandError, match=f"^q{row.pk} cannot be taken in: "):
            command("take_in_set_aside", f"q{row.pk}")
    assert len(listed()) == len(files_below(archive.quarantine_root)) == 3
    assert events() == []


def test_a_file_is_taken_away_for_good(archive: Archive, enrolled: Identity, tmp_path: Path, take_in: TakeIn) -> None:
    ds = small_ct()
    take_in(ds)
    row = refused(file_of(small_ct(), tmp_path), archive)
    (conflict,) = conflicts_of(ds, tmp_path, archive, "Another")
    names = [f"q{row.pk}", f"c{conflict.pk}"]
    assert [one[0] for one in listed()] == names
    assert command("remove_set_aside", *names) == "".join(f"{name} removed.\n" for name in names)
    assert listed() == []
    assert files_below(archive.quarantine_root) == []
    assert Instance.objects.count() == 1
    study = ds.StudyInstanceUID
    assert events() == [("instances_deleted", 1, one, TOLD, "command") for one in (None, study)]


def test_a_row_whose_file_is_gone_can_be_taken_away_and_not_taken_in(
    archive: Archive, enrolled: Identity, tmp_path: Path
) -> None:
    row = refused(file_of(small_ct(), tmp_path), archive)
    archive.quarantine_path_of(row.relative_path).unlink()
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        command("take_in_set_aside", f"q{row.pk}")
    command("remove_set_aside", f"q{row.pk}")
    assert listed() == []


def test_a_conflict_comes_in_the_place_of_what_is_stored(
    archive: Archive, enrolled: Identity, tmp_path: Path, take_in: TakeIn
) -> None:
    ds = small_ct(SeriesDescription="First")
    stored = take_in(ds)
    neighbour = take_in(small_ct(StudyInstanceUID=ds.StudyInstanceUID, SeriesInstanceUID=ds.SeriesInstanceUID))
    first, second = conflicts_of(ds, tmp_path, archive, "Second", "Third")
    assert command("take_in_set_aside", f"c{second.pk}") == f"c{second.pk} taken in.\n"
    found = Instance.objects.get(sop_instance_uid=ds.SOPInstanceUID)
    assert (found.data_set_sha256, found.pk != stored.pk) == (second.data_set_sha256, True)
    assert Instance.objects.filter(pk=neighbour.pk).exists()
    # What was stored can be restored, and the other conflict is one of what is stored now.
    assert Deletion.objects.get().instances == 1
    ((name, reason, *_, sop_instance_uid, path),) = listed()
    left = Conflict.objects.get()
    assert (name, reason, sop_instance_uid, path) == (f"c{left.pk}", "conflict", ds.SOPInstanceUID, first.relative_path)
    assert (left.instance, left.data_set_sha256) == (found, first.data_set_sha256)
    assert [one.name for one in files_below(archive.quarantine_root)] == [Path(first.relative_path).name]
    assert [kind for kind, *_ in events()] == ["instances_deleted", "instances_stored"]


def test_a_conflict_outlives_the_instance_that_it_is_of(
    archive: Archive, enrolled: Identity, tmp_path: Path, take_in: TakeIn
) -> None:
    ds = small_ct()
    take_in(ds)
    (conflict,) = conflicts_of(ds, tmp_path, archive, "Another")
    by = Deleter("gateway")
    delete_instances(Named(str(ds.StudyInstanceUID)), by=by, reason="Wrong patient", archive=archive)
    ((name, reason, *_, path),) = listed()
    assert (name[0], reason, path) == ("q", "conflict", conflict.relative_path)
    assert command("take_in_set_aside", name) == f"{name} taken in.\n"
    assert Instance.objects.get().data_set_sha256 == conflict.data_set_sha256
    assert files_below(archive.quarantine_root) == []


def test_a_conflict_that_cannot_be_read_deletes_nothing(
    archive: Archive, enrolled: Identity, tmp_path: Path, take_in: TakeIn
) -> None:
    ds = small_ct()
    stored = take_in(ds)
    (conflict,) = conflicts_of(ds, tmp_path, archive, "Another")
    archive.quarantine_path_of(conflict.relative_path).write_bytes(b"rotten")
    with pytest.raises(CommandError, match="cannot be taken in"):
        command("take_in_set_aside", f"c{conflict.pk}")
    assert Instance.objects.get() == stored
    assert Conflict.objects.get() == conflict


def test_a_refused_file_whose_uid_is_taken_becomes_a_conflict(
    archive: Archive, enrolled: Identity, tmp_path: Path, take_in: TakeIn
) -> None:
    ds = small_ct()
    take_in(ds)
    ds.SeriesDescription = "Another"
    row = refused(file_of(ds, tmp_path), archive)
    assert "set aside as a conflict" in command("take_in_set_aside", f"q{row.pk}")
    assert [one[1] for one in listed()] == ["conflict"]
    assert len(files_below(archive.quarantine_root)) == 1


@pytest.mark.parametrize("name", ["q1", "c1", "x1", "q", "", "q-1", "q²", "q" + "9" * 30])
@pytest.mark.parametrize("verb", ["take_in_set_aside", "remove_set_aside"])
def test_what_is_not_set_aside_is_said(archive: Archive, enrolled: Identity, verb: str, name: str) -> None:
    with pytest.raises(CommandError, match=r"^Nothing is set aside as "):
        command(verb, name)
