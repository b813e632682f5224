"""What machines are sent comes to the audit: the row before the first byte, the event when it is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dicomserver.access.models import ViewingSession
from dicomserver.access.reads import Reader
from dicomserver.access.services import close_viewing_sessions, record_storing
from dicomserver.access.transfers import transfer
from dicomserver.identity import Identity
from dicomserver.outbox.models import OutboxMessage
from tests.dicomserver.portal_double import PortalDouble
from wire.events import AccessEvent

pytestmark = pytest.mark.django_db


def events() -> list[AccessEvent]:
    bodies = OutboxMessage.objects.order_by("pk").values_list("body", flat=True)
    return [AccessEvent.model_validate(body, strict=False) for body in bodies]


def test_the_row_stands_before_a_byte_leaves_and_the_event_when_it_is_over(enrolled: Identity) -> None:
    with transfer(peer="PACS", way="c_move", address="10.0.0.7") as record:
        record.begin("1.2.3")
        session = ViewingSession.objects.get()
        assert (session.sub, session.way, session.reported_at) == ("PACS", "c_move", None)
        record.sent("1.2.3", 1, 100)
        record.sent("1.2.3", 2, 50)
        record.begin("1.2.4")
        record.sent("1.2.4", 3, 7)
    told = [
        (one.kind, one.peer, one.way, one.study_instance_uid, one.instances, one.sent_bytes, one.remote_address)
        for one in events()
    ]
    assert told == [
        ("instances_sent", "PACS", "c_move", "1.2.3", 2, 150, "10.0.0.7"),
        ("instances_sent", "PACS", "c_move", "1.2.4", 1, 7, "10.0.0.7"),
    ]
    assert {(one.sub, one.session_id, one.token_id) for one in events()} == {(None, None, None)}


def test_a_retrieval_that_dies_is_told_when_its_rows_are_idle(enrolled: Identity) -> None:
    with transfer(peer="PACS", way="c_get", address="10.0.0.7") as record:
        record.begin("1.2.3")
        record.end = lambda: None  # type: ignore[method-assign]
    assert events() == []
    ViewingSession.objects.update(last_read_at=timezone.now() - timedelta(seconds=61))
    assert close_viewing_sessions() == 1
    assert [(one.kind, one.peer, one.instances) for one in events()] == [("instances_sent", "PACS", 0)]


def test_a_server_without_a_portal_keeps_it_until_it_has_one(home: object) -> None:
    with transfer(peer="P", way="c_move", address="") as record:
        record.begin("1.2.3")
        record.sent("1.2.3", 1, 10)
    assert events() == []
    assert ViewingSession.objects.get().sent_bytes == 10


def test_what_was_not_sent_after_all_is_not_told(enrolled: Identity) -> None:
    with transfer(peer="P", way="c_move", address="") as record:
        record.begin("1.2.3")
    assert (events(), ViewingSession.objects.count()) == ([], 0)


def test_a_reader_who_stores_is_named(enrolled: Identity) -> None:
    record_storing(
        reader=Reader("session-1", "user-1", "1.2.3", "token-1", "10.0.0.1"), way="stow_rs", instances=2, stored_bytes=9
    )
    (event,) = events()
    assert (event.kind, event.sub, event.session_id, event.token_id) == (
        "instances_stored",
        "user-1",
        "session-1",
        "token-1",
    )
    assert (event.instances, event.sent_bytes, event.way, event.peer) == (2, 9, "stow_rs", None)


def test_events_of_older_kinds_have_no_field_that_an_older_portal_would_refuse(
    enrolled: Identity, portal: PortalDouble
) -> None:
    ViewingSession.objects.create(
        session_id="s",
        sub="u",
        study_instance_uid="1.2",
        token_ids=["t"],
        first_read_at=timezone.now() - timedelta(hours=2),
        last_read_at=timezone.now() - timedelta(hours=2),
    )
    close_viewing_sessions()
    body = OutboxMessage.objects.get().body
    assert body is not None
    assert not {"peer", "way"} & set(body)
