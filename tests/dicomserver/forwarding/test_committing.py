"""Storage commitment after forwarding: asked when all is sent, and what is not kept is sent again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dicomserver.commitment import tasks as commitment_tasks
from dicomserver.commitment.models import OwnRequest
from dicomserver.forwarding import tasks
from dicomserver.forwarding.committing import ask_for_commitment
from dicomserver.forwarding.models import Forward
from dicomserver.forwarding.selectors import forward_counts
from tests.dicomserver.commitment.partners import all_of, archive_that, none_of
from tests.dicomserver.forwarding.places import destination, moved, rule
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import CT, EXPLICIT, small_ct
from tests.dicomserver.scu.machines import storage

pytestmark = pytest.mark.django_db


def quiet_since_a_minute() -> None:
    Forward.objects.filter(sent_at__isnull=False).update(sent_at=timezone.now() - timedelta(minutes=1))


def states() -> list[tuple[str, bool]]:
    rows = Forward.objects.order_by("pk").values_list("commitment", "sent_at")
    return [(commitment, sent_at is not None) for commitment, sent_at in rows]


def send_all() -> None:
    with storage((CT, [EXPLICIT])) as (place, _):
        moved(port=place.port)
        Forward.objects.update(next_attempt_at=timezone.now())
        tasks.forward_due_instances()


def test_commitment_is_asked_once_for_all_when_nothing_more_comes(take_in: TakeIn) -> None:
    destination()
    rule(asks_commitment=True)
    for _ in range(3):
        take_in(small_ct())
    send_all()
    assert states() == [("wanted", True)] * 3
    assert OwnRequest.objects.count() == 0, "more may come, which shares the request"
    quiet_since_a_minute()
    with archive_that(all_of) as (place, requests):
        moved(port=place.port)
        tasks.forward_due_instances()
        assert states() == [("asked", True)] * 3
        commitment_tasks.work_on_due_requests()
    assert [len(request.ReferencedSOPSequence) for request in requests] == [3]
    assert states() == [("committed", True)] * 3
    assert forward_counts()[0].uncommitted == 0


def test_what_the_destination_does_not_keep_is_sent_again_and_asked_about_again(take_in: TakeIn) -> None:
    peer = destination()
    rule(asks_commitment=True)
    take_in(small_ct())
    send_all()
    quiet_since_a_minute()
    with archive_that(none_of) as (place, _):
        moved(port=place.port)
        tasks.forward_due_instances()
        commitment_tasks.work_on_due_requests()
    row = Forward.objects.get()
    assert (row.sent_at, row.commitment) == (None, "wanted")
    assert row.last_error == "0x0112 The destination does not keep it."
    assert (forward_counts()[0].waiting, forward_counts()[0].not_kept) == (1, 1)
    assert row.next_attempt_at > timezone.now() - timedelta(seconds=1)
    send_all()
    assert states() == [("wanted", True)]
    (counts,) = forward_counts()
    assert (counts.waiting, counts.uncommitted, counts.not_kept) == (0, 1, 1), "it has not said otherwise yet"
    assert counts.oldest_uncommitted_since == Forward.objects.get().sent_at
    quiet_since_a_minute()
    assert ask_for_commitment(peer.pk) == 1
    assert OwnRequest.objects.filter(answered_at=None).count() == 1
    with archive_that(all_of) as (place, _):
        moved(port=place.port)
        commitment_tasks.work_on_due_requests()
    assert forward_counts()[0].not_kept == 0


def test_many_are_asked_about_in_several_requests(take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomserver.forwarding.committing.MAX_REFERENCES", 2)
    peer = destination()
    rule(asks_commitment=True)
    for _ in range(5):
        take_in(small_ct())
    Forward.objects.update(sent_at=timezone.now() - timedelta(minutes=1))
    assert ask_for_commitment(peer.pk) == 5
    assert sorted(len(row.references) for row in OwnRequest.objects.all()) == [1, 2, 2]


def test_nothing_is_asked_where_no_rule_asks(take_in: TakeIn) -> None:
    destination()
    rule()
    take_in(small_ct())
    send_all()
    quiet_since_a_minute()
    tasks.forward_due_instances()
    assert states() == [("", True)]
    assert OwnRequest.objects.count() == 0
