"""Viewing sessions, refusals and revocations against the real database."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

import wire
from dicomserver.access import refusals as refusals_module
from dicomserver.access.models import ReadInstance, Revocation, ViewingSession
from dicomserver.access.reads import Reader, ReadRecorder
from dicomserver.access.refusals import Refusal, RefusalRecorder
from dicomserver.access.revocations import RevocationList
from dicomserver.access.services import apply_revocations, close_viewing_sessions, prune
from dicomserver.identity import Identity
from dicomserver.outbox.models import OutboxMessage
from wire import heartbeats
from wire.tokens import ViewerClaims, new_claims

READER = Reader("session-1", "user-1", "1.2.3", "token-1", "10.0.0.1")


def events() -> list[dict[str, Any]]:
    return [body or {} for body in OutboxMessage.objects.order_by("pk").values_list("body", flat=True)]


def claims(**changes: Any) -> ViewerClaims:
    values: dict[str, Any] = {
        "iss": "portal",
        "aud": "server",
        "sub": "user-1",
        "sid": "session-1",
        "study_instance_uid": "1.2.3",
        "permissions": ("view",),
        "now": datetime.now(UTC),
    }
    return new_claims(**(values | changes))


def let_it_end() -> None:
    ViewingSession.objects.update(last_read_at=timezone.now() - timedelta(seconds=61))


@pytest.mark.django_db
def test_the_row_stands_before_a_pixel_leaves() -> None:
    ReadRecorder().begin(READER, instance_pks=[1], frames=1)
    session = ViewingSession.objects.get()
    assert (session.session_id, session.sub, session.study_instance_uid) == ("session-1", "user-1", "1.2.3")
    assert (session.frames, session.token_ids, session.remote_address) == (0, ["token-1"], "10.0.0.1")


@pytest.mark.django_db
def test_counts_are_written_when_flushed_and_instances_count_once() -> None:
    recorder = ReadRecorder()
    for instance in (1, 2, 1):
        recorder.begin(READER, instance_pks=[instance], frames=2)
        recorder.add_bytes(READER, 100)
    recorder.flush()
    recorder.flush()
    session = ViewingSession.objects.get()
    assert (session.frames, session.sent_bytes) == (6, 300)
    assert ReadInstance.objects.count() == 2


@pytest.mark.django_db
def test_a_renewed_token_stays_in_the_session(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    recorder = ReadRecorder()
    recorder.begin(READER, instance_pks=[1], frames=1)
    with django_assert_num_queries(0):
        recorder.begin(Reader("session-1", "user-1", "1.2.3", "token-2", "10.0.0.1"), instance_pks=[1], frames=1)
    recorder.flush()
    assert ViewingSession.objects.get().token_ids == ["token-1", "token-2"]


@pytest.mark.django_db
def test_two_processes_add_up_to_one_session() -> None:
    first, second = ReadRecorder(), ReadRecorder()
    first.begin(READER, instance_pks=[1, 2], frames=2)
    second.begin(READER, instance_pks=[2, 3], frames=2)
    first.flush()
    second.flush()
    assert ViewingSession.objects.get().frames == 4
    assert ReadInstance.objects.count() == 3


@pytest.mark.django_db
def test_a_session_that_ended_becomes_one_event(enrolled: Identity) -> None:
    recorder = ReadRecorder()
    recorder.begin(READER, instance_pks=[1, 2], frames=3)
    recorder.add_bytes(READER, 512)
    recorder.flush()
    assert close_viewing_sessions() == 0
    let_it_end()
    session = ViewingSession.objects.get()
    assert close_viewing_sessions() == 1
    assert close_viewing_sessions() == 0
    (event,) = events()
    assert event == {
        "message_id": event["message_id"],
        "server_id": str(enrolled.server_id),
        "kind": "pixels_read",
        "sub": "user-1",
        "session_id": "session-1",
        "token_id": "token-1",
        "study_instance_uid": "1.2.3",
        "occurred_at": event["occurred_at"],
        "ended_at": event["ended_at"],
        "instances": 2,
        "frames": 3,
        "sent_bytes": 512,
        "remote_address": "10.0.0.1",
        "reason": "",
    }
    assert datetime.fromisoformat(event["occurred_at"]) == session.first_read_at
    assert ReadInstance.objects.count() == 0


@pytest.mark.django_db
def test_the_event_is_the_golden_example(enrolled: Identity) -> None:
    example = json.loads((Path(wire.__file__).parent / "examples" / "access_event.json").read_text())
    session = ViewingSession.objects.create(
        **{name: example[name] for name in ("session_id", "sub", "study_instance_uid", "frames", "sent_bytes")},
        token_ids=[example["token_id"], "later"],
        first_read_at=datetime.fromisoformat(example["occurred_at"]),
        last_read_at=datetime.fromisoformat(example["ended_at"]),
        remote_address=example["remote_address"],
    )
    ReadInstance.objects.bulk_create(
        ReadInstance(viewing_session=session, instance_pk=number) for number in range(example["instances"])
    )
    close_viewing_sessions()
    (event,) = events()
    assert event | {"message_id": "", "server_id": ""} == example | {"message_id": "", "server_id": ""}


@pytest.mark.django_db
def test_reading_after_the_end_begins_a_session_of_its_own(enrolled: Identity) -> None:
    recorder = ReadRecorder()
    recorder.begin(READER, instance_pks=[1], frames=1)
    recorder.flush()
    let_it_end()
    close_viewing_sessions()
    recorder.begin(READER, instance_pks=[1], frames=5)
    recorder.flush()
    let_it_end()
    close_viewing_sessions()
    assert [event["frames"] for event in events()] == [1, 5]


@pytest.mark.django_db
def test_a_session_without_pause_is_told_each_hour(enrolled: Identity) -> None:
    recorder = ReadRecorder()
    recorder.begin(READER, instance_pks=[1], frames=1)
    recorder.flush()
    ViewingSession.objects.update(first_read_at=timezone.now() - timedelta(hours=1))
    assert close_viewing_sessions() == 1


@pytest.mark.django_db
def test_counts_outlive_a_database_that_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = ReadRecorder()
    recorder.begin(READER, instance_pks=[1], frames=1)

    def away(_tally: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(recorder, "_write", away)
    with pytest.raises(DatabaseError):
        recorder.flush()
    monkeypatch.undo()
    recorder.flush()
    assert ViewingSession.objects.get().frames == 1


@pytest.mark.django_db(transaction=True)
def test_threads_lose_no_count() -> None:
    recorder = ReadRecorder()

    def read() -> None:
        for number in range(50):
            recorder.begin(READER, instance_pks=[number], frames=1)
            if number % 10 == 0:
                recorder.flush()
        connection.close()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.flush()
    assert ViewingSession.objects.get().frames == 200
    assert ReadInstance.objects.count() == 50


@pytest.mark.django_db
def test_a_refusal_is_told_at_once_and_a_flood_of_it_in_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder, server_id = RefusalRecorder(), uuid4()
    refusal = Refusal("token_expired", "10.0.0.1", "user-1", "session-1", "token-1", "1.2.3")
    for _ in range(50):
        recorder.record(refusal, server_id=server_id)
    assert [event["reason"] for event in events()] == ["token_expired"]
    recorder.flush()
    assert len(events()) == 1
    monkeypatch.setattr(refusals_module, "WINDOW_SECONDS", 0.0)
    recorder.flush()
    recorder.flush()
    assert [event["reason"] for event in events()] == ["token_expired", "token_expired (49 times)"]
    last = events()[1]
    assert (last["kind"], last["sub"], last["remote_address"]) == ("token_refused", "user-1", "10.0.0.1")
    assert (last["study_instance_uid"], last["frames"], last["instances"]) == ("1.2.3", 0, 0)


@pytest.mark.django_db
def test_refusals_of_other_kinds_are_told_apart() -> None:
    recorder, server_id = RefusalRecorder(), uuid4()
    recorder.record(Refusal("token_expired", "10.0.0.1"), server_id=server_id)
    recorder.record(Refusal("token_invalid", "10.0.0.1"), server_id=server_id)
    recorder.record(Refusal("token_expired", "10.0.0.2"), server_id=server_id)
    assert [(event["reason"], event["remote_address"]) for event in events()] == [
        ("token_expired", "10.0.0.1"),
        ("token_invalid", "10.0.0.1"),
        ("token_expired", "10.0.0.2"),
    ]


@pytest.mark.django_db
def test_a_flood_from_many_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals_module, "MAX_KINDS", 3)
    recorder = RefusalRecorder()
    for number in range(20):
        recorder.record(Refusal("token_invalid", f"10.0.0.{number}"), server_id=uuid4())
    recorder.flush(everything=True)
    assert [(event["remote_address"], event["reason"]) for event in events()][3:] == [
        ("", "token_invalid"),
        ("", "token_invalid (16 times)"),
    ]


@pytest.mark.django_db
def test_whoever_has_no_token_cannot_flood_the_audit_with_studies_of_their_invention() -> None:
    recorder = RefusalRecorder()
    for number in range(500):
        refusal = Refusal("token_missing", "10.0.0.1", study_instance_uid=f"1.2.{number}")
        recorder.record(refusal, server_id=uuid4())
    recorder.flush(everything=True)
    told = events()
    assert [event["study_instance_uid"] for event in told[:50]] == [f"1.2.{number}" for number in range(50)]
    assert [(event["study_instance_uid"], event["remote_address"], event["reason"]) for event in told[50:]] == [
        (None, "10.0.0.1", "token_missing"),
        (None, "10.0.0.1", "token_missing (449 times)"),
    ]


@pytest.mark.django_db
def test_what_a_known_person_tries_is_told_study_by_study() -> None:
    recorder = RefusalRecorder()
    for number in range(60):
        refusal = Refusal("token_for_another_study", "10.0.0.1", "user-1", study_instance_uid=f"1.2.{number}")
        recorder.record(refusal, server_id=uuid4())
    assert [event["study_instance_uid"] for event in events()] == [f"1.2.{number}" for number in range(60)]


def revoke(**changes: Any) -> None:
    values: dict[str, Any] = {"sub": "user-1", "study_instance_uid": "1.2.3", "revoked_at": datetime.now(UTC)}
    apply_revocations([heartbeats.Revocation(**(values | changes))])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "is_revoked"),
    [
        ({}, True),
        ({"sub": "user-2"}, False),
        ({"study_instance_uid": "1.2.4"}, False),
        ({"study_instance_uid": None}, True),
        ({"study_instance_uid": None, "sub": "user-2"}, False),
        ({"revoked_at": datetime.now(UTC) - timedelta(hours=1)}, False),
    ],
)
def test_a_revocation_refuses_the_tokens_issued_before_it(changes: dict[str, Any], is_revoked: bool) -> None:
    token = claims()
    revoke(**changes)
    assert RevocationList().revokes(token) is is_revoked


@pytest.mark.django_db
def test_a_token_issued_after_the_revocation_is_good() -> None:
    revoke(revoked_at=datetime.now(UTC) - timedelta(seconds=5))
    assert RevocationList().revokes(claims()) is False
    assert RevocationList().revokes(claims(now=datetime.now(UTC) - timedelta(seconds=6))) is True


@pytest.mark.django_db
def test_a_revocation_is_seen_within_seconds_without_a_query_each_time(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    revocations, token = RevocationList(), claims()
    assert revocations.revokes(token) is False
    revoke()
    with django_assert_num_queries(0):
        assert revocations.revokes(token) is False
    revocations.forget()
    assert revocations.revokes(token) is True


@pytest.mark.django_db
def test_old_records_are_forgotten(enrolled: Identity) -> None:
    ReadRecorder().begin(READER, instance_pks=[1], frames=1)
    let_it_end()
    close_viewing_sessions()
    revoke()
    prune()
    assert (ViewingSession.objects.count(), Revocation.objects.count()) == (1, 1)
    ViewingSession.objects.update(reported_at=timezone.now() - timedelta(days=31))
    Revocation.objects.update(revoked_at=timezone.now() - timedelta(days=2))
    prune()
    assert (ViewingSession.objects.count(), Revocation.objects.count()) == (0, 0)
