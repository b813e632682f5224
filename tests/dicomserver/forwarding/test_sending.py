"""Sending what is queued, to real listeners: oldest first, many an association, tried for ever, parked if refused."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone
from pydicom.uid import generate_uid

from dicomserver.access.models import ViewingSession
from dicomserver.forwarding import sending, tasks
from dicomserver.forwarding.models import Destination, Forward
from dicomserver.forwarding.selectors import due_destinations, forward_counts
from dicomserver.forwarding.sending import forward_to
from tests.demonstration import wait_until
from tests.dicomserver.forwarding.places import destination, moved, rule
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import CT, EXPLICIT, encode, small_ct
from tests.dicomserver.processes import database_url
from tests.dicomserver.scu.machines import storage

pytestmark = pytest.mark.django_db

CT_CONTEXT = (CT, [EXPLICIT])
MR = "1.2.840.10008.5.1.4.1.1.4"


def take_in_some(take_in: TakeIn, count: int, **changes: Any) -> list[Any]:
    made = [small_ct(InstanceNumber=number, **changes) for number in range(count)]
    for ds in made:
        take_in(ds)
    return made


def due_now() -> None:
    Forward.objects.update(next_attempt_at=timezone.now())
    Destination.objects.update(next_attempt_at=timezone.now())


def test_what_is_queued_arrives_once_oldest_first_and_byte_for_byte(take_in: TakeIn) -> None:
    with storage(CT_CONTEXT) as (place, received):
        peer = destination(port=place.port)
        rule()
        made = take_in_some(take_in, 5)
        assert due_destinations(timezone.now()) == [peer.pk]
        assert forward_to(peer.pk) == 5
        assert forward_to(peer.pk) == 0
    assert [uid for uid, *_ in received] == [ds.SOPInstanceUID for ds in made]
    assert [data for _, _, data, _ in received] == [encode(ds) for ds in made]
    assert len({id(request) for *_, request in received}) == 5
    assert due_destinations(timezone.now()) == []
    assert set(Forward.objects.values_list("attempts", "last_error", "parked_at")) == {(1, "", None)}
    assert Destination.objects.get().down_since is None


def test_many_go_in_one_association(take_in: TakeIn) -> None:
    with storage(CT_CONTEXT) as (place, received):
        peer = destination(port=place.port)
        rule()
        take_in_some(take_in, 12)
        forward_to(peer.pk)
    # Message IDs count up within an association.
    assert [request.MessageID for *_, request in received] == list(range(1, 13))


def test_a_destination_that_is_down_is_paused_as_a_whole_and_longer_each_time(take_in: TakeIn) -> None:
    peer = destination(port=1)
    rule()
    take_in_some(take_in, 3)
    pauses = []
    for _ in range(8):
        due_now()
        before = timezone.now()
        assert forward_to(peer.pk) == 0
        pauses.append((Destination.objects.get().next_attempt_at - before).total_seconds())
        assert due_destinations(timezone.now()) == []
        assert forward_to(peer.pk) == 0, "nothing is tried while it is paused"
    assert 0.4 <= pauses[0] <= 2
    assert 30 <= pauses[7] <= 61
    state = Destination.objects.get()
    assert (state.failures, state.last_error) == (8, "The machine cannot be reached: connection refused.")
    assert set(Forward.objects.values_list("attempts", "sent_at")) == {(0, None)}
    with storage(CT_CONTEXT) as (place, received):
        moved(port=place.port)
        due_now()
        assert forward_to(peer.pk) == 3
    assert len(received) == 3
    state.refresh_from_db()
    assert (state.failures, state.down_since, state.last_error) == (0, None, "")


def test_another_destination_does_not_wait_for_one_that_is_down(take_in: TakeIn) -> None:
    with storage(CT_CONTEXT) as (place, received):
        destination("down", port=1, ae_title="DOWN")
        destination("up", port=place.port)
        rule("a", to="down")
        rule("b", to="up")
        take_in_some(take_in, 2)
        tasks.forward_due_instances()
    assert len(received) == 2
    assert [(one.destination.name, one.waiting) for one in forward_counts()] == [("down", 2), ("up", 0)]


def test_what_is_refused_for_good_is_parked_and_the_rest_goes_on(take_in: TakeIn) -> None:
    statuses: dict[str, int] = {}
    with storage(CT_CONTEXT, statuses=statuses) as (place, received):
        peer = destination(port=place.port)
        rule()
        refused, not_now, good = take_in_some(take_in, 3)
        statuses |= {refused.SOPInstanceUID: 0xC001, not_now.SOPInstanceUID: 0x0110}
        assert forward_to(peer.pk) == 1
        rows = {row.instance.sop_instance_uid: row for row in Forward.objects.select_related("instance")}
        assert rows[refused.SOPInstanceUID].parked_at is not None
        assert rows[refused.SOPInstanceUID].last_error.startswith("0xC001")
        assert rows[refused.SOPInstanceUID].next_attempt_at > timezone.now() + timedelta(hours=2)
        assert rows[not_now.SOPInstanceUID].parked_at is None
        assert rows[not_now.SOPInstanceUID].next_attempt_at < timezone.now() + timedelta(seconds=2)
        assert rows[good.SOPInstanceUID].sent_at is not None
        counts = forward_counts()[0]
        assert (counts.waiting, counts.parked) == (2, 1)
        statuses.clear()
        due_now()
        assert forward_to(peer.pk) == 2, "what was parked is tried now and then"
    assert Forward.objects.filter(sent_at=None).count() == 0
    assert len(received) == 5


def test_a_class_that_the_destination_does_not_take_is_parked_even_where_nothing_else_waits(take_in: TakeIn) -> None:
    with storage((MR, [EXPLICIT])) as (place, received):
        peer = destination(port=place.port)
        rule()
        take_in_some(take_in, 2)
        assert forward_to(peer.pk) == 0
        assert Forward.objects.filter(parked_at__isnull=False).count() == 2
        take_in(small_ct(SOPClassUID=MR))
        assert forward_to(peer.pk) == 1
    assert len(received) == 1
    assert Destination.objects.get().down_since is None


def test_a_destination_that_is_full_is_left_alone_for_a_while(take_in: TakeIn) -> None:
    statuses: dict[str, int] = {}
    with storage(CT_CONTEXT, statuses=statuses) as (place, received):
        peer = destination(port=place.port)
        rule()
        made = take_in_some(take_in, 3)
        statuses |= {ds.SOPInstanceUID: 0xA700 for ds in made}
        assert forward_to(peer.pk) == 0
    assert len(received) == 1
    assert Destination.objects.get().last_error.startswith("0xA700")
    assert set(Forward.objects.values_list("attempts", "parked_at")) == {(0, None)}


def test_a_warning_and_a_duplicate_count_as_sent(take_in: TakeIn) -> None:
    statuses: dict[str, int] = {}
    with storage(CT_CONTEXT, statuses=statuses) as (place, _):
        peer = destination(port=place.port)
        rule()
        coerced, known = take_in_some(take_in, 2)
        statuses |= {coerced.SOPInstanceUID: 0xB000, known.SOPInstanceUID: 0x0111}
        assert forward_to(peer.pk) == 2


def test_an_instance_that_ends_the_association_does_not_keep_the_others_back(take_in: TakeIn) -> None:
    uids = [generate_uid() for _ in range(3)]
    with storage(CT_CONTEXT, abort_on=frozenset(uids[:1])) as (place, received):
        peer = destination(port=place.port)
        rule()
        for uid in uids:
            take_in(small_ct(SOPInstanceUID=uid))
        forward_to(peer.pk)
    assert [uid for uid, *_ in received] == uids[1:]
    waiting = Forward.objects.get(sent_at=None)
    assert (waiting.instance.sop_instance_uid, waiting.attempts) == (uids[0], 1)


@pytest.fixture
def another_session() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url(), autocommit=True) as session:
        yield session


def test_only_one_process_sends_to_a_destination(take_in: TakeIn, another_session: psycopg.Connection[Any]) -> None:
    with storage(CT_CONTEXT) as (place, received):
        peer = destination(port=place.port)
        rule()
        take_in_some(take_in, 1)
        another_session.execute("SELECT pg_advisory_lock(%s, %s)", (0x464F5257, peer.pk))
        assert forward_to(peer.pk) == 0
        # As when the process is killed.
        another_session.close()
        wait_until(lambda: forward_to(peer.pk) == 1, 10, "the lock ended with its session")
    assert len(received) == 1


def test_a_run_ends_when_its_worker_shall_end_and_the_next_goes_on(take_in: TakeIn) -> None:
    with storage(CT_CONTEXT) as (place, received):
        peer = destination(port=place.port)
        rule()
        take_in_some(take_in, 3)
        assert forward_to(peer.pk, is_stopping=lambda: len(received) >= 2) == 2
        assert forward_to(peer.pk) == 1


def test_a_run_ends_when_its_time_is_over(take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "RUN_SECONDS", -1)
    with storage(CT_CONTEXT) as (place, _):
        peer = destination(port=place.port)
        rule()
        take_in_some(take_in, 1)
        assert forward_to(peer.pk) == 0
        assert due_destinations(timezone.now()) == [peer.pk]


def test_a_peer_that_no_longer_listens_gets_nothing_until_it_does(take_in: TakeIn) -> None:
    peer = destination()
    rule()
    take_in_some(take_in, 1)
    moved(host="")
    assert forward_to(peer.pk) == 0
    assert Forward.objects.get().attempts == 0


def test_the_audit_hears_what_left_in_one_event_a_study(take_in: TakeIn) -> None:
    with storage(CT_CONTEXT) as (place, received):
        peer = destination(port=place.port)
        rule()
        made = take_in_some(take_in, 3, StudyInstanceUID="1.2.3")
        forward_to(peer.pk)
        made += take_in_some(take_in, 2, StudyInstanceUID="1.2.3")
        forward_to(peer.pk)
    session = ViewingSession.objects.get()
    assert (session.sub, session.way, session.study_instance_uid) == ("pacs", "forwarding", "1.2.3")
    assert session.read_instances.count() == 5
    assert session.sent_bytes == sum(len(data) for _, _, data, _ in received) == sum(len(encode(ds)) for ds in made)


def test_the_audit_hears_nothing_where_nothing_left(take_in: TakeIn) -> None:
    peer = destination(port=1)
    rule()
    take_in_some(take_in, 1)
    forward_to(peer.pk)
    assert ViewingSession.objects.count() == 0
