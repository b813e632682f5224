"""What others ask this server to keep: looked at byte by byte, and told until they have heard it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dicomserver.access.callers import Caller
from dicomserver.archive import Archive, FileMeta
from dicomserver.commitment import tasks
from dicomserver.commitment.checking import NotYetCommitted, bytes_to_read, checked
from dicomserver.commitment.models import ReceivedRequest
from dicomserver.commitment.receiving import TransactionInUse, answer, answer_caller, due_callers, note_request
from dicomserver.ingest.outcomes import Source
from dicomserver.ingest.services import accept_instance
from dicomserver.scu.commitment_data_sets import CommitmentAsked, Failed, Reference
from tests.dicomserver.commitment.partners import asker_that_listens
from tests.dicomserver.forwarding.places import destination, moved
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import CT, EXPLICIT, SECONDARY_CAPTURE, encode, small_ct

pytestmark = pytest.mark.django_db

ASKER = Caller("MACHINE", "SERVER_A", "127.0.0.1")


def due_now() -> None:
    ReceivedRequest.objects.update(next_attempt_at=timezone.now())


def noted(*references: Reference, transaction_uid: str = "1.2.3") -> int:
    return note_request(ASKER, CommitmentAsked(transaction_uid, references))


def test_only_what_is_there_and_intact_is_committed(take_in: TakeIn, archive: Archive) -> None:
    rows = [take_in(small_ct()) for _ in range(5)]
    good, other_class, gone, flipped, longer = (row.sop_instance_uid for row in rows)
    archive.path_of(rows[2].relative_path).unlink()
    content = bytearray(archive.path_of(rows[3].relative_path).read_bytes())
    content[-1] ^= 1
    archive.path_of(rows[3].relative_path).write_bytes(content)
    with archive.path_of(rows[4].relative_path).open("ab") as file:
        file.write(b"\0\0")
    asked = [
        Reference(CT, good),
        Reference(SECONDARY_CAPTURE, other_class),
        Reference(CT, gone),
        Reference(CT, flipped),
        Reference(CT, longer),
        Reference(CT, "1.2.3.4.5"),
        Reference(CT, "0.01..2"),
    ]
    commitment = checked("9.9", asked, archive)
    assert commitment.committed == (Reference(CT, good),)
    assert commitment.failed == (
        Failed(SECONDARY_CAPTURE, other_class, 0x0119),
        Failed(CT, gone, 0x0110),
        Failed(CT, flipped, 0x0110),
        Failed(CT, longer, 0x0110),
        Failed(CT, "1.2.3.4.5", 0x0112),
        Failed(CT, "0.01..2", 0x0112),
    )
    assert commitment.event_type == 2
    assert bytes_to_read(asked) == sum(row.file_bytes for row in rows)


def test_thousands_are_looked_at_in_groups(take_in: TakeIn, archive: Archive) -> None:
    good = Reference(CT, take_in(small_ct()).sop_instance_uid)
    many = [*(Reference(CT, f"1.2.{number}") for number in range(6000)), good]
    commitment = checked("9.9", many, archive)
    assert (len(commitment.failed), commitment.committed) == (6000, (good,))


def test_what_was_acknowledged_and_is_not_in_the_index_yet_is_waited_for(take_in: TakeIn, archive: Archive) -> None:
    ds = small_ct()
    incoming = archive.receive(FileMeta(CT, ds.SOPInstanceUID, EXPLICIT, "MACHINE", "SERVER_A"))
    incoming.write(encode(ds))
    accept_instance(incoming=incoming, source=Source("c_store", "MACHINE"), archive=archive)
    reference = Reference(CT, ds.SOPInstanceUID)
    with pytest.raises(NotYetCommitted):
        checked("9.9", [reference], archive)
    with asker_that_listens() as (place, told):
        destination(port=place.port)
        noted(reference)
        due_now()
        assert answer(ReceivedRequest.objects.get().pk) is False
        take_in(ds)
        due_now()
        assert answer(ReceivedRequest.objects.get().pk) is True
    assert [event for event, _ in told] == [1]


def test_it_is_not_waited_for_ever(archive: Archive) -> None:
    ds = small_ct()
    incoming = archive.receive(FileMeta(CT, ds.SOPInstanceUID, EXPLICIT, "MACHINE", "SERVER_A"))
    incoming.write(encode(ds))
    accept_instance(incoming=incoming, source=Source("c_store", "MACHINE"), archive=archive)
    with asker_that_listens() as (place, told):
        destination(port=place.port)
        noted(Reference(CT, "1.2.3.4"))
        ReceivedRequest.objects.update(received_at=timezone.now() - timedelta(minutes=6))
        due_now()
        assert answer(ReceivedRequest.objects.get().pk) is True
    assert [item.FailureReason for item in told[0][1].FailedSOPSequence] == [0x0112]


def test_the_result_is_told_on_an_association_of_our_own_until_it_is_heard(take_in: TakeIn) -> None:
    good = Reference(CT, take_in(small_ct()).sop_instance_uid)
    bad = Reference(CT, "1.2.3.4")
    destination(port=1)
    noted(good, bad)
    (request_pk,) = ReceivedRequest.objects.values_list("pk", flat=True)
    assert due_callers() == [], "the association on which it was asked is tried first"
    for attempts in (1, 2):
        due_now()
        assert due_callers() == ["MACHINE"]
        assert answer(request_pk) is False
        row = ReceivedRequest.objects.get()
        assert (row.attempts, row.last_error) == (attempts, "The machine cannot be reached: connection refused.")
    with asker_that_listens(status=0x0110) as (place, _):
        moved(port=place.port)
        due_now()
        assert answer(request_pk) is False
    with asker_that_listens() as (place, told):
        moved(port=place.port)
        due_now()
        tasks.work_on_due_requests()
    ((event_type, information),) = told
    assert event_type == 2
    assert information.TransactionUID == "1.2.3"
    assert information.RetrieveAETitle == "SERVER_A"
    assert [item.ReferencedSOPInstanceUID for item in information.ReferencedSOPSequence] == [good.sop_instance_uid]
    assert [item.ReferencedSOPInstanceUID for item in information.FailedSOPSequence] == ["1.2.3.4"]
    assert [item.FailureReason for item in information.FailedSOPSequence] == [0x0112]
    assert ReceivedRequest.objects.get().told_at is not None
    due_now()
    assert due_callers() == []


def test_a_machine_that_nobody_knows_an_address_of_cannot_be_called(take_in: TakeIn) -> None:
    noted(Reference(CT, take_in(small_ct()).sop_instance_uid))
    due_now()
    assert answer(ReceivedRequest.objects.get().pk) is False
    row = ReceivedRequest.objects.get()
    assert row.last_error == "No peer listens under the AE title that asked."
    assert row.result is not None


def test_of_machines_of_one_title_the_one_is_called_that_asked(take_in: TakeIn) -> None:
    with asker_that_listens() as (place, told):
        destination("another", port=1, addresses=["10.9.9.9"])
        destination("that", port=place.port, addresses=["127.0.0.1"])
        noted(Reference(CT, take_in(small_ct()).sop_instance_uid))
        due_now()
        assert answer(ReceivedRequest.objects.get().pk) is True
    assert len(told) == 1


def test_the_same_request_again_is_looked_at_and_told_again(take_in: TakeIn) -> None:
    reference = Reference(CT, take_in(small_ct()).sop_instance_uid)
    first = noted(reference)
    ReceivedRequest.objects.update(told_at=timezone.now(), result={"committed": [], "failed": []}, attempts=4)
    assert noted(reference) == first
    row = ReceivedRequest.objects.get()
    assert (row.told_at, row.result, row.attempts) == (None, None, 0)


def test_other_instances_under_the_same_transaction_are_refused() -> None:
    noted(Reference(CT, "1.2.1"))
    with pytest.raises(TransactionInUse):
        noted(Reference(CT, "1.2.2"))
    assert ReceivedRequest.objects.get().references == [[CT, "1.2.1"]]
    note_request(Caller("ANOTHER", "SERVER_A", ""), CommitmentAsked("1.2.3", (Reference(CT, "1.2.2"),)))


def test_what_is_worked_on_is_left_alone_and_old_requests_are_forgotten() -> None:
    request_pk = noted(Reference(CT, "1.2.1"))
    assert answer(request_pk) is False
    assert ReceivedRequest.objects.get().attempts == 0
    ReceivedRequest.objects.update(received_at=timezone.now() - timedelta(days=8))
    tasks.forget_old()
    assert ReceivedRequest.objects.count() == 0


def test_what_waits_for_one_machine_is_told_one_after_the_other_until_it_does_not_listen(take_in: TakeIn) -> None:
    good = Reference(CT, take_in(small_ct()).sop_instance_uid)
    destination(port=1)
    for number in range(4):
        noted(good, transaction_uid=f"1.2.{number}")
    due_now()
    assert answer_caller("MACHINE") == 0
    assert sorted(ReceivedRequest.objects.values_list("attempts", flat=True)) == [0, 0, 0, 1], "it is called once"
    with asker_that_listens() as (place, told):
        moved(port=place.port)
        due_now()
        assert answer_caller("MACHINE") == 4
    assert {information.TransactionUID for _, information in told} == {f"1.2.{number}" for number in range(4)}
