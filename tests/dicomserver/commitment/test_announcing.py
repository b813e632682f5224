"""A request for storage commitment says what belongs to a study: it is complete when all of that is here."""

import pytest
from django.utils import timezone
from pydicom.dataset import Dataset

from dicomserver.access.callers import Caller
from dicomserver.archive import Archive
from dicomserver.commitment.models import ReceivedRequest
from dicomserver.commitment.receiving import answer, look_now, note_request
from dicomserver.index.models import Study
from dicomserver.orders.models import AnnouncedInstance
from dicomserver.outbox.models import StudyHold
from dicomserver.scu.commitment_data_sets import CommitmentAsked, Reference
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import CT, small_ct

pytestmark = pytest.mark.django_db

ASKER = Caller("MACHINE", "SERVER_A", "127.0.0.1")
STUDY, OTHER = "1.2.826.0.1.3680043.8.498.71", "1.2.826.0.1.3680043.8.498.72"


def slices(count: int, study: str = STUDY) -> list[Dataset]:
    return [small_ct(StudyInstanceUID=study) for _ in range(count)]


def asked_for(*instances: Dataset | str) -> CommitmentAsked:
    uids = [one if isinstance(one, str) else str(one.SOPInstanceUID) for one in instances]
    return CommitmentAsked("1.2.3", tuple(Reference(CT, uid) for uid in uids))


def looked_at(asked: CommitmentAsked) -> int:
    request_pk = note_request(ASKER, asked)
    assert look_now(request_pk, asked.transaction_uid, asked.references) is not None
    return request_pk


def is_complete(study: str = STUDY) -> bool:
    return Study.objects.get(study_instance_uid=study).completed_at is not None


def announced(study: str = STUDY) -> set[str]:
    found = AnnouncedInstance.objects.filter(study_instance_uid=study, announced_by="commitment")
    return set(found.values_list("sop_instance_uid", flat=True))


def test_a_study_whose_instances_are_all_here_is_complete_with_the_request(take_in: TakeIn) -> None:
    first, second, other = *slices(2), *slices(1, OTHER)
    for ds in (first, second, other):
        take_in(ds)
    request_pk = note_request(ASKER, asked_for(first, second, other))
    assert (is_complete(), is_complete(OTHER)) == (True, True)
    assert announced(OTHER) == {other.SOPInstanceUID}
    assert ReceivedRequest.objects.get(pk=request_pk).is_announced


def test_what_is_not_here_yet_is_of_the_study_of_the_others(take_in: TakeIn) -> None:
    first, second, third = slices(3)
    take_in(first)
    looked_at(asked_for(first, second, third))
    assert not is_complete()
    assert StudyHold.objects.get().study_instance_uid == STUDY
    take_in(second)
    assert not is_complete()
    take_in(third)
    assert is_complete()


def test_what_is_not_here_yet_is_of_no_study_where_the_others_are_of_several(take_in: TakeIn) -> None:
    here, missing, other = *slices(2), *slices(1, OTHER)
    take_in(here)
    take_in(other)
    looked_at(asked_for(here, missing, other))
    assert (announced(), announced(OTHER)) == (set(), set())
    assert (is_complete(), is_complete(OTHER)) == (False, False)


def test_instances_that_were_never_seen_announce_nothing(archive: Archive) -> None:
    looked_at(asked_for("1.2.3.4", "0.01..2", "9" * 65))
    assert not AnnouncedInstance.objects.exists()
    assert not StudyHold.objects.exists()


def test_what_is_no_uid_is_waited_for_by_nobody(take_in: TakeIn) -> None:
    (ds,) = slices(1)
    take_in(ds)
    note_request(ASKER, asked_for(ds, "0.01..2"))
    assert announced() == {ds.SOPInstanceUID}
    assert is_complete()


def test_what_was_announced_once_does_not_complete_the_study_again_when_it_is_told(take_in: TakeIn) -> None:
    first, later = slices(2)
    take_in(first)
    request_pk = note_request(ASKER, asked_for(first))
    assert is_complete()
    take_in(later)
    ReceivedRequest.objects.update(next_attempt_at=timezone.now())
    answer(request_pk)
    assert ReceivedRequest.objects.get(pk=request_pk).result is not None
    assert not is_complete()
