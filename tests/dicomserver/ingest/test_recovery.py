"""The same instance from several senders at once; what a process accepted before it died; an index that was lost."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.core.management import call_command
from django.db import connection
from pydicom.dataset import Dataset
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive, FileMeta, instance_path
from dicomserver.identity import Identity
from dicomserver.index.models import Conflict, Instance, Origin, QuarantinedFile, Series, Study
from dicomserver.ingest import recovery
from dicomserver.ingest.accepted import Accepted
from dicomserver.ingest.batches import commit_batch
from dicomserver.ingest.errors import InstanceRefused, Reason
from dicomserver.ingest.outcomes import Outcome, Source
from dicomserver.ingest.recovery import recover_left_over
from dicomserver.ingest.reindexing import reindex_archive
from dicomserver.ingest.services import accept_instance
from dicomserver.ingest.verifying import Damage, verified_instances
from dicomserver.outbox.models import OutboxMessage
from dicomserver.outbox.services import complete_quiet_studies, deliver_due_messages
from tests.dicomserver.objects import EXPLICIT, encode, files_below, small_ct, stored_data_set
from tests.dicomserver.portal_double import PortalDouble
from wire.studies import StudyReport

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
PROCESSES = 4
TIMES = 25


@pytest.fixture
def processes(home: Path) -> Iterator[list[Archive]]:
    """The archive as each of several processes has it, with a folder of its own to receive into."""
    found = [Archive(home, reserve_bytes=0) for _ in range(PROCESSES)]
    found[0].prepare()
    yield found
    for archive in found:
        archive.close_intake()


def accept(archive: Archive, ds: Dataset, calling_ae_title: str = "CT1") -> Accepted:
    """Receive and make durable, as is done before a sender is answered."""
    incoming = archive.receive(
        FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT, calling_ae_title, origin=Origin.C_STORE)
    )
    incoming.write(encode(ds))
    return accept_instance(incoming=incoming, source=Source(Origin.C_STORE, calling_ae_title), archive=archive)


def at_once(*works: Callable[[], T]) -> list[T]:
    """Run all at the same moment, each in a thread with its own connection to the database."""
    together = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        try:
            connection.ensure_connection()
            together.wait(10)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(run, work) for work in works]]


def committing(archive: Archive, *accepted: Accepted) -> Callable[[], list[Outcome | None]]:
    def commit() -> list[Outcome | None]:
        commit_batch(accepted, archive)
        return [one.outcome for one in accepted]

    return commit


def test_the_same_instance_from_several_senders_at_once_is_stored_once(processes: list[Archive]) -> None:
    for _ in range(TIMES):
        ds = small_ct()
        # Heads of another length each, so that a file cannot take the place of another one unseen.
        accepted = [accept(one, ds, "SENDER" + "X" * 2 * number) for number, one in enumerate(processes)]
        outcomes = at_once(*(committing(one, what) for one, what in zip(processes, accepted, strict=True)))
        expected = [Outcome.ALREADY_STORED] * (PROCESSES - 1) + [Outcome.STORED]
        assert sorted(outcome for (outcome,) in outcomes if outcome) == sorted(expected)
        instance = Instance.objects.get(sop_instance_uid=ds.SOPInstanceUID)
        path = processes[0].path_of(instance.relative_path)
        assert stored_data_set(path) == encode(ds)
        assert path.stat().st_size == instance.file_bytes
    assert Instance.objects.count() == Study.objects.count() == len(files_below(processes[0].root)) == TIMES
    assert Conflict.objects.count() == QuarantinedFile.objects.count() == 0
    assert files_below(processes[0].quarantine_root) == []


def test_the_same_uid_with_other_bytes_from_several_senders_at_once_keeps_all_of_them(processes: list[Archive]) -> None:
    for _ in range(TIMES):
        ds = small_ct()
        accepted, sent = [], set()
        for number, archive in enumerate(processes):
            ds.PatientComments = f"from {number}"
            sent.add(encode(ds))
            accepted.append(accept(archive, ds))
        at_once(*(committing(one, what) for one, what in zip(processes, accepted, strict=True)))
        instance = Instance.objects.get(sop_instance_uid=ds.SOPInstanceUID)
        conflicts = Conflict.objects.filter(instance=instance).values_list("relative_path", flat=True)
        paths = [processes[0].quarantine_path_of(path) for path in conflicts]
        assert {stored_data_set(path) for path in [processes[0].path_of(instance.relative_path), *paths]} == sent
    assert Conflict.objects.count() == (PROCESSES - 1) * TIMES
    assert len(files_below(processes[0].quarantine_root)) == (PROCESSES - 1) * TIMES
    assert Instance.objects.count() == len(files_below(processes[0].root)) == TIMES
    assert QuarantinedFile.objects.count() == 0


def test_batches_of_the_same_studies_at_once_lose_and_double_nothing(processes: list[Archive]) -> None:
    first = [small_ct() for _ in range(6)]
    batches = []
    for archive in processes:
        batch = []
        # Each process has an instance of its own in each study, and one that all have.
        for ds in first:
            own = small_ct(StudyInstanceUID=ds.StudyInstanceUID, SeriesInstanceUID=ds.SeriesInstanceUID)
            batch += [accept(archive, own), accept(archive, ds)]
        batches.append(committing(archive, *batch))
    outcomes = [outcome for batch in at_once(*batches) for outcome in batch]
    assert outcomes.count(Outcome.STORED) == len(first) * (PROCESSES + 1)
    assert outcomes.count(Outcome.ALREADY_STORED) == len(first) * (PROCESSES - 1)
    for model in (Study, Series):
        assert set(model.objects.values_list("number_of_instances", flat=True)) == {PROCESSES + 1}
    assert Instance.objects.count() == len(files_below(processes[0].root)) == len(first) * (PROCESSES + 1)


def die(archive: Archive) -> None:
    """What the kernel does when a process is killed: its lock is gone, its files stay."""
    folder = archive._intake._folder
    assert folder is not None
    os.close(folder._descriptor)
    folder._descriptor = -1
    archive._intake._folder = None


def reports_due() -> int:
    return OutboxMessage.objects.count()


def test_what_a_dead_process_had_accepted_is_committed_once(processes: list[Archive]) -> None:
    dead, living = processes[:2]
    instances = [small_ct() for _ in range(3)]
    for ds in instances:
        accept(dead, ds, "CT7")
    die(dead)
    assert recover_left_over(living) == 3
    for ds in instances:
        instance = Instance.objects.get(sop_instance_uid=ds.SOPInstanceUID)
        assert stored_data_set(living.path_of(instance.relative_path)) == encode(ds)
        assert (instance.origin, instance.calling_ae_title) == (Origin.C_STORE, "CT7")
    assert reports_due() == 3
    assert recover_left_over(living) == 0
    assert Instance.objects.count() == reports_due() == len(files_below(living.root)) == 3
    assert list(living.incoming.iterdir()) == []
    assert verify(living) == []


def test_what_a_living_process_has_accepted_is_left_to_it(processes: list[Archive]) -> None:
    first, second = processes[:2]
    accepted = accept(first, small_ct())
    assert recover_left_over(second) == 0
    assert accepted.path.exists()
    commit_batch([accepted], first)
    assert Instance.objects.count() == 1


def test_what_was_not_received_in_full_is_removed(processes: list[Archive]) -> None:
    dead, living = processes[:2]
    ds = small_ct()
    unfinished = dead.receive(FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT))
    unfinished.write(encode(ds))
    unfinished.flush()
    unfinished.close()
    shortened, flipped, never_synced = (accept(dead, small_ct()).path for _ in range(3))
    content = shortened.read_bytes()
    shortened.write_bytes(content[:-1])
    flipped.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    never_synced.write_bytes(bytes(len(content)))
    die(dead)
    assert recover_left_over(living) == 0
    assert Instance.objects.count() == reports_due() == 0
    assert files_below(living.root) == files_below(living.incoming) == files_below(living.quarantine_root) == []


def test_a_commit_whose_process_died_before_it_tidied_up_is_not_done_again(processes: list[Archive]) -> None:
    dead, living = processes[:2]
    accepted = accept(dead, small_ct())
    kept = accepted.path.with_name("kept.part")
    kept.hardlink_to(accepted.path)
    commit_batch([accepted], dead)
    die(dead)
    before = Study.objects.values().get(), Instance.objects.values().get(), reports_due()
    recover_left_over(living)
    assert (Study.objects.values().get(), Instance.objects.values().get(), reports_due()) == before
    assert not kept.exists()
    (path,) = files_below(living.root)
    assert path.stat().st_nlink == 1


def test_a_file_that_was_placed_and_not_committed_is_committed_where_it_lies(processes: list[Archive]) -> None:
    dead, living = processes[:2]
    accepted = accept(dead, small_ct())
    header = accepted.header
    path = instance_path(
        accepted.source.received_at.date(),
        header.study_instance_uid,
        header.series_instance_uid,
        header.sop_instance_uid,
    )
    dead.store(accepted.path, path)
    die(dead)
    assert recover_left_over(living) == 1
    assert Instance.objects.get().relative_path == path
    assert files_below(living.root) == [living.path_of(path)]
    assert files_below(living.quarantine_root) == []


def test_what_cannot_be_understood_any_more_is_kept_in_quarantine(
    processes: list[Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, living = processes[:2]
    ds = small_ct()
    accept(dead, ds, "CT7")
    die(dead)

    def refuse(*_: object, **__: object) -> None:
        raise InstanceRefused(Reason.UNREADABLE, "A version that knows less.")

    monkeypatch.setattr(recovery, "read_header", refuse)
    assert recover_left_over(living) == 0
    row = QuarantinedFile.objects.get()
    assert (row.reason, row.calling_ae_title) == ("unreadable", "CT7")
    assert stored_data_set(living.quarantine_path_of(row.relative_path)) == encode(ds)
    assert files_below(living.incoming) == []


def test_several_processes_that_start_at_once_complete_each_instance_once(processes: list[Archive]) -> None:
    first, second, *starting = processes
    for dead in (first, second):
        for _ in range(20):
            accept(dead, small_ct())
        die(dead)
    counts = at_once(*(partial(recover_left_over, archive) for archive in starting))
    assert sum(counts) + recover_left_over(starting[0]) == 40
    assert Instance.objects.count() == reports_due() == len(files_below(starting[0].root)) == 40
    assert files_below(starting[0].incoming) == []


def test_an_index_that_was_lost_is_rebuilt_and_each_study_is_told_once_more(
    processes: list[Archive], enrolled: Identity, portal: PortalDouble, settings: Settings
) -> None:
    settings.STUDY_QUIET_SECONDS = 0
    archive = processes[0]
    request = Dataset()
    request.RequestedProcedureID = "RP1"
    study = small_ct(RequestAttributesSequence=[request])
    same_study = {"StudyInstanceUID": study.StudyInstanceUID, "SeriesInstanceUID": study.SeriesInstanceUID}
    commit_batch([accept(archive, ds) for ds in (study, small_ct(**same_study), small_ct())], archive)
    complete_quiet_studies()
    deliver_due_messages()
    before = {report.study_instance_uid: report for report in portal.reports}
    assert len(before) == len(portal.reports) == 2
    call_command("flush", interactive=False, verbosity=0)
    assert reindex_archive(archive).added == 3
    series = Series.objects.get(series_instance_uid=study.SeriesInstanceUID)
    assert series.request_attributes == [{"00401001": {"vr": "SH", "Value": ["RP1"]}}]
    complete_quiet_studies()
    deliver_due_messages()
    told = portal.reports[2:]
    assert {report.study_instance_uid for report in told} == before.keys()
    assert len(told) == 2
    for report in told:
        old = before[report.study_instance_uid]
        assert report.revision > old.revision
        assert content_of(report) == content_of(old)
    assert reindex_archive(archive).added == complete_quiet_studies() == deliver_due_messages().delivered == 0
    assert verify(archive) == []


def content_of(report: StudyReport) -> dict[str, Any]:
    """What the report says, whichever message says it; a file's time is not that of its row to the last digit."""
    varying = {"message_id", "revision", "first_received_at", "last_received_at"}
    return report.model_dump(exclude=varying)


def verify(archive: Archive) -> list[Damage]:
    return [damage for damage in verified_instances(archive) if damage]
