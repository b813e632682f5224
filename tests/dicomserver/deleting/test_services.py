"""Deleting: out of index and archive in one step, told to the portal, undone by restoring, and gone after some days."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pydicom.dataset import Dataset
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive, ArchiveError
from dicomserver.archive.deleted import DeletedFiles
from dicomserver.deleting import services
from dicomserver.deleting.models import Deletion
from dicomserver.deleting.restoring import restore_deleted
from dicomserver.deleting.services import Deleter, Named, NothingDeleted, delete_instances
from dicomserver.identity import Identity
from dicomserver.index.models import Instance, Series, Study
from dicomserver.outbox.delivery import deliver_due_messages
from dicomserver.outbox.models import OutboxMessage
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import files_below, small_ct, stored_data_set
from tests.dicomserver.portal_double import PortalDouble

pytestmark = pytest.mark.django_db(transaction=True)

BY = Deleter("gateway", remote_address="10.0.0.1")


def study_of_three() -> list[Dataset]:
    """Two instances of one series and one of another."""
    first = small_ct()
    second = small_ct(StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID)
    third = small_ct(StudyInstanceUID=first.StudyInstanceUID, SeriesNumber=4)
    return [first, second, third]


def delivered(portal: PortalDouble) -> None:
    OutboxMessage.objects.update(next_attempt_at=timezone.now())
    deliver_due_messages()


def test_a_deleted_study_leaves_index_and_archive_and_its_bytes_are_kept(
    archive: Archive, enrolled: Identity, take_in: TakeIn
) -> None:
    found = [take_in(ds) for ds in study_of_three()]
    other = take_in(small_ct())
    contents = {instance.relative_path: archive.path_of(instance.relative_path).read_bytes() for instance in found}
    study = found[0].series.study.study_instance_uid
    deletion = delete_instances(Named(study), by=BY, reason="Wrong patient", archive=archive)
    assert list(Instance.objects.all()) == [other]
    assert list(Study.objects.all()) == [other.series.study]
    assert [path.name for path in files_below(archive.root)] == [f"{other.sop_instance_uid}.dcm"]
    kept = services.deleted_files(archive)
    assert {
        path: kept.path_of(str(deletion.folder), path).read_bytes() for path in kept.paths(str(deletion.folder))
    } == contents
    record = json.loads((kept.root / str(deletion.folder) / "record.json").read_text())
    assert (record["deleted_by"], record["reason"], record["instances"]) == ("gateway", "Wrong patient", 3)
    assert (deletion.instances, deletion.file_bytes) == (3, sum(map(len, contents.values())))


def test_the_portal_hears_that_a_study_is_gone(
    archive: Archive, enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    instance = take_in(small_ct())
    study = instance.series.study
    delivered(portal)
    delete_instances(Named(study.study_instance_uid), by=BY, reason="Twice", archive=archive)
    delivered(portal)
    last = portal.reports[-1]
    assert (last.study_instance_uid, last.series, last.number_of_study_related_instances) == (
        study.study_instance_uid,
        (),
        0,
    )
    assert last.revision > portal.reports[0].revision
    event = portal.events[-1]
    assert (event.kind, event.peer, event.reason, event.instances) == ("instances_deleted", "gateway", "Twice", 1)
    take_in(small_ct(StudyInstanceUID=study.study_instance_uid))
    delivered(portal)
    assert portal.reports[-1].number_of_study_related_instances == 1
    assert portal.reports[-1].revision > last.revision


def test_a_study_that_lost_a_series_is_reported_smaller(
    archive: Archive, enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    first, second, third = (take_in(ds) for ds in study_of_three())
    study = first.series.study
    delete_instances(
        Named(study.study_instance_uid, third.series.series_instance_uid), by=BY, reason="", archive=archive
    )
    study.refresh_from_db()
    assert (study.number_of_instances, study.stored_bytes) == (2, first.file_bytes + second.file_bytes)
    assert [series.pk for series in Series.objects.all()] == [first.series_id]
    delivered(portal)
    assert [series.number_of_series_related_instances for series in portal.reports[-1].series] == [2]


def test_one_instance_leaves_its_series_smaller_and_changed(
    archive: Archive, enrolled: Identity, take_in: TakeIn
) -> None:
    first, second, _ = (take_in(ds) for ds in study_of_three())
    study, before = first.series.study, Series.objects.get(pk=first.series_id)
    named = Named(study.study_instance_uid, first.series.series_instance_uid, first.sop_instance_uid)
    delete_instances(named, by=BY, reason="", archive=archive)
    series = Series.objects.get(pk=first.series_id)
    assert (series.number_of_instances, series.revision > before.revision) == (1, True)
    assert Instance.objects.filter(pk=second.pk).exists()


@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_what_is_not_here_is_not_deleted(archive: Archive, take_in: TakeIn, level: str) -> None:
    instance = take_in(small_ct())
    named = {
        "study": Named("1.2.3"),
        "series": Named(instance.series.study.study_instance_uid, "1.2.3"),
        "instance": Named(instance.series.study.study_instance_uid, instance.series.series_instance_uid, "1.2.3"),
    }[level]
    with pytest.raises(NothingDeleted):
        delete_instances(named, by=BY, reason="", archive=archive)
    assert not Deletion.objects.exists()
    assert Instance.objects.count() == 1


def test_where_the_files_cannot_be_moved_nothing_is_deleted(
    archive: Archive, enrolled: Identity, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [take_in(ds) for ds in study_of_three()]
    original, moved = DeletedFiles._rename, []

    def rename(files: DeletedFiles, *arguments: object) -> None:
        if len(moved) == 2:
            moved.clear()
            raise OSError(28, "No space left on device")
        moved.append(1)
        original(files, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(DeletedFiles, "_rename", rename)
    with pytest.raises(ArchiveError):
        delete_instances(Named(found[0].series.study.study_instance_uid), by=BY, reason="", archive=archive)
    assert Instance.objects.count() == 3
    assert all(archive.path_of(instance.relative_path).exists() for instance in found)
    assert not Deletion.objects.exists()
    assert services.deleted_files(archive).folders() == []


def test_a_deletion_that_a_crash_cut_short_is_undone(
    archive: Archive, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = take_in(small_ct())
    files = services.deleted_files(archive)
    files.take([instance.relative_path], "0b7e4f9c-1f6f-4b53-b8ad-0f2a5f6f2c11", b"{}")
    assert services.settle_deletions(archive) == 0
    monkeypatch.setattr(services, "UNSETTLED_SECONDS", -1)
    assert services.settle_deletions(archive) == 1
    assert archive.path_of(instance.relative_path).exists()
    assert files.folders() == []


def test_after_some_days_the_bytes_are_purged_and_the_record_stays(
    archive: Archive, take_in: TakeIn, settings: Settings
) -> None:
    settings.DELETED_KEEP_DAYS = 7
    instance = take_in(small_ct())
    deletion = delete_instances(Named(instance.series.study.study_instance_uid), by=BY, reason="", archive=archive)
    assert services.purge_deleted(archive) == 0
    Deletion.objects.update(deleted_at=timezone.now() - timedelta(days=7))
    assert services.purge_deleted(archive) == 1
    assert services.purge_deleted(archive) == 0
    deletion.refresh_from_db()
    assert deletion.purged_at is not None
    assert services.deleted_files(archive).folders() == []


def test_what_was_deleted_is_restored_as_it_was(archive: Archive, enrolled: Identity, take_in: TakeIn) -> None:
    found = [take_in(ds) for ds in study_of_three()]
    study = found[0].series.study.study_instance_uid
    data_sets = {
        instance.sop_instance_uid: stored_data_set(archive.path_of(instance.relative_path)) for instance in found
    }
    delete_instances(Named(study), by=BY, reason="", archive=archive)
    assert restore_deleted(study, archive=archive).instances == 3
    assert {
        instance.sop_instance_uid: stored_data_set(archive.path_of(instance.relative_path))
        for instance in Instance.objects.all()
    } == data_sets
    assert Study.objects.get().number_of_instances == 3
    assert services.deleted_files(archive).folders() == []
    assert restore_deleted(study, archive=archive).instances == 0


def test_deleted_instances_that_come_again_are_taken_as_new(archive: Archive, take_in: TakeIn) -> None:
    ds = small_ct()
    first = take_in(ds)
    delete_instances(Named(ds.StudyInstanceUID), by=BY, reason="", archive=archive)
    again = take_in(ds)
    assert (again.pk != first.pk, archive.path_of(again.relative_path).exists()) == (True, True)
    # What came again stays; the same bytes from before are nothing new.
    assert restore_deleted(ds.StudyInstanceUID, archive=archive).instances == 1
    assert Instance.objects.count() == 1


def test_the_commands_delete_and_restore(archive: Archive, enrolled: Identity, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    study = instance.series.study.study_instance_uid
    out = StringIO()
    call_command("delete_study", study, "--reason", "Test", stdout=out)
    assert out.getvalue() == "1 instances deleted; restore_deleted brings them back.\n"
    assert Deletion.objects.get().reason == "Test"
    with pytest.raises(CommandError, match="does not hold"):
        call_command("delete_study", study, "--reason", "Test")
    with pytest.raises(CommandError):
        call_command("delete_study", "../1", "--reason", "Test")
    out = StringIO()
    call_command("restore_deleted", study, stdout=out)
    assert out.getvalue() == "1 instances restored.\n"
    with pytest.raises(CommandError, match="gone for good"):
        call_command("restore_deleted", study)
