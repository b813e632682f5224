"""Batches that meet another process's: what that one stored stays where it is, whatever comes second."""

import errno
from collections.abc import Iterable
from pathlib import Path

import pytest

from dicomserver.archive import Archive, ArchiveError, FileMeta
from dicomserver.index.models import Conflict, Instance, QuarantinedFile
from dicomserver.index.selectors import instances_by_uid
from dicomserver.ingest import batches
from dicomserver.ingest.accepted import Accepted
from dicomserver.ingest.batches import commit_batch
from dicomserver.ingest.committing import Committer
from dicomserver.ingest.errors import IngestUnavailable
from dicomserver.ingest.outcomes import Outcome, Source
from dicomserver.ingest.services import accept_instance
from tests.dicomserver.objects import EXPLICIT, encode, files_below, small_ct, stored_data_set

pytestmark = pytest.mark.django_db


def accept(archive: Archive, ds, calling_ae_title: str) -> Accepted:
    incoming = archive.receive(FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT, calling_ae_title))
    incoming.write(encode(ds))
    return accept_instance(incoming=incoming, source=Source("c_store", calling_ae_title), archive=archive)


@pytest.fixture
def stored_meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first look at the index is a moment too early to see what another process stores."""
    looks: list[int] = []

    def early(uids: Iterable[str]) -> dict[str, Instance]:
        looks.append(len(looks))
        return {} if len(looks) == 1 else instances_by_uid(uids)

    monkeypatch.setattr(batches, "instances_by_uid", early)
    return looks


def commit_first(archive: Archive, ds, monkeypatch: pytest.MonkeyPatch) -> bytes:
    with monkeypatch.context() as patch:
        patch.setattr(batches, "instances_by_uid", instances_by_uid)
        commit_batch([accept(archive, ds, "CT1")], archive)
    return archive.path_of(Instance.objects.get().relative_path).read_bytes()


def test_the_same_bytes_stored_meanwhile_leave_the_first_file_alone(
    archive: Archive, stored_meanwhile: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = small_ct()
    content = commit_first(archive, ds, monkeypatch)
    second = accept(archive, ds, "A_LONGER_TITLE")
    monkeypatch.setattr(Archive, "forget", lambda *_: pytest.fail("the other's file was taken away"))
    commit_batch([second], archive)
    assert second.outcome is Outcome.ALREADY_STORED
    assert len(stored_meanwhile) > 1
    (path,) = files_below(archive.root)
    assert path == archive.path_of(Instance.objects.get().relative_path)
    assert path.read_bytes() == content


def test_other_bytes_stored_meanwhile_are_a_conflict_and_the_first_file_stays(
    archive: Archive, stored_meanwhile: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = small_ct()
    content = commit_first(archive, ds, monkeypatch)
    ds.PatientName = "Somebody^Else"
    second = accept(archive, ds, "CT2")
    commit_batch([second], archive)
    assert second.outcome is Outcome.CONFLICT
    assert archive.path_of(Instance.objects.get().relative_path).read_bytes() == content
    assert len(files_below(archive.root)) == 1
    (set_aside,) = files_below(archive.quarantine_root)
    assert set_aside == archive.quarantine_path_of(Conflict.objects.get().relative_path)
    assert stored_data_set(set_aside) == encode(ds)
    assert QuarantinedFile.objects.count() == 0


def test_the_same_file_committed_meanwhile_keeps_its_place(
    archive: Archive, stored_meanwhile: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = accept(archive, small_ct(), "CT1")
    content = accepted.path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(batches, "instances_by_uid", instances_by_uid)
        # As after a crash before the received name was removed.
        second_name = accepted.path.with_name("again.part")
        second_name.hardlink_to(accepted.path)
        commit_batch([accepted], archive)
    commit_batch([Accepted(second_name, accepted.file, accepted.header, accepted.source)], archive)
    (path,) = files_below(archive.root)
    assert path == archive.path_of(Instance.objects.get().relative_path)
    assert path.read_bytes() == content


def test_a_received_name_that_cannot_be_removed_waits_and_the_instance_is_stored_once(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = accept(archive, small_ct(), "CT1")

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", fail)
        with pytest.raises(ArchiveError, match="read-only"):
            commit_batch([accepted], archive)
    commit_batch([accepted], archive)
    assert Instance.objects.count() == len(files_below(archive.root)) == 1
    assert not accepted.path.exists()


@pytest.mark.django_db(transaction=True)
def test_while_the_archive_takes_nothing_the_committer_refuses_and_goes_on_by_itself(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing = Committer(archive)
    committing.require_room()

    def fail(*_: object) -> None:
        raise ArchiveError("The archive is read-only.")

    with monkeypatch.context() as patch:
        patch.setattr(Archive, "store_all", fail)
        committing.submit(accept(archive, small_ct(), "CT1"))
        assert not committing.flush(0.3)
        with pytest.raises(IngestUnavailable, match=r"^The archive is read-only\.$"):
            committing.require_room()
    assert committing.flush(5)
    committing.require_room()
    assert committing.stop(5)
    assert Instance.objects.count() == 1
