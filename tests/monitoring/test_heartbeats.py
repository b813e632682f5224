"""A heartbeat keeps the newest state and is answered with the portal's keys and what is revoked."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEvent
from monitoring.models import ServerState
from monitoring.services import take_in_heartbeat
from portal.grants.models import Revocation
from portal.servers.models import DicomServer
from portal.servers.signing import portal_key
from tests.monitoring.factories import GOLDEN, make_heartbeat
from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import MembershipFactory
from tests.portal.servers.factories import DicomServerFactory, authorization_of, post_signed
from wire.examples import example
from wire.heartbeats import HeartbeatAnswer
from wire.messages import body_of
from wire.routes import HEARTBEATS, MAX_BODY_BYTES

pytestmark = pytest.mark.django_db


def refusal(response) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, json.loads(response.content)["code"]


def test_the_golden_heartbeat_is_accepted(client) -> None:
    server = DicomServerFactory(id=GOLDEN.server_id)
    response = post_signed(client, server, HEARTBEATS, example("heartbeat"))
    assert response.status_code == 200
    state = ServerState.objects.get()
    assert (state.archive_bytes_total, state.archive_bytes_free) == (4_000_000_000_000, 1_250_000_000_000)
    assert (state.number_of_studies, state.number_of_instances) == (18_240, 9_310_044)
    assert (state.outbox_waiting, state.outbox_oldest_waiting_since) == (1, GOLDEN.outbox.oldest_waiting_since)
    assert (state.conflicts, state.quarantined, state.troubles) == (0, 2, ["archive_read_only"])
    assert state.started_at == GOLDEN.started_at
    assert state.certificates == [
        {"purpose": "dicom_tls", "subject": "CN=pacs.nistru.example", "not_after": "2027-02-18T12:00:00Z"}
    ]
    assert (state.forwarding["waiting"], state.forwarding["parked"]) == (12, 1)
    assert [(machine["name"], machine["reachable"]) for machine in state.equipment] == [("CT 2", False), ("PACS", True)]
    (destination,) = state.forwarding["destinations"]
    assert (destination["name"], destination["unreachable_since"]) == ("teleradiology", "2026-11-20T00:40:05Z")
    assert state.last_set_aside_at == GOLDEN.last_set_aside_at
    assert state.untold_commitments == {"waiting": 1, "oldest_waiting_since": "2026-11-20T00:10:00Z"}


def test_the_answer_brings_the_portals_key_and_says_when(client) -> None:
    server = DicomServerFactory()
    before = timezone.now()
    response = post_signed(client, server, HEARTBEATS, body_of(make_heartbeat(server)))
    answer = HeartbeatAnswer.model_validate_json(response.content)
    assert before <= answer.received_at <= timezone.now()
    assert [key.kid for key in answer.portal_keys] == [portal_key().kid]
    assert answer.revocations == ()


def test_the_answer_brings_what_is_revoked_on_this_server_alone() -> None:
    server, other, person = DicomServerFactory(), DicomServerFactory(), UserFactory()
    now = timezone.now()
    Revocation.objects.create(server=server, subject=person.subject, study_instance_uid="1.2.3", revoked_at=now)
    Revocation.objects.create(server=other, subject=person.subject, study_instance_uid="1.2.4", revoked_at=now)
    answer = take_in_heartbeat(server=server, heartbeat=make_heartbeat(server), received_at=now)
    told = [(one.sub, one.study_instance_uid, one.revoked_at) for one in answer.revocations]
    assert told == [(str(person.subject), "1.2.3", now)]


def test_the_answer_closes_every_study_to_whose_role_ended() -> None:
    server, now = DicomServerFactory(), timezone.now()
    ended = MembershipFactory(institution=server.institution, ended_at=now - timedelta(seconds=5))
    answer = take_in_heartbeat(server=server, heartbeat=make_heartbeat(server), received_at=now)
    told = [(one.sub, one.study_instance_uid) for one in answer.revocations]
    assert told == [(str(ended.user.subject), None)]


def test_a_heartbeat_is_a_sign_of_life_with_the_version() -> None:
    server, now = DicomServerFactory(version="0.0.1"), timezone.now()
    take_in_heartbeat(server=server, heartbeat=make_heartbeat(server), received_at=now)
    server.refresh_from_db()
    assert (server.last_contact_at, server.version) == (now, "0.1.0")


def test_a_late_heartbeat_does_not_replace_a_newer_state() -> None:
    server, now = DicomServerFactory(), timezone.now()
    for seconds, conflicts in ((0, 1), (-30, 7)):
        heartbeat = make_heartbeat(server, sent_at=now + timedelta(seconds=seconds), conflicts=conflicts)
        take_in_heartbeat(server=server, heartbeat=heartbeat, received_at=now)
    assert ServerState.objects.get().conflicts == 1


def test_a_clock_that_once_ran_ahead_does_not_keep_out_later_heartbeats() -> None:
    server, now = DicomServerFactory(), timezone.now()
    ahead = make_heartbeat(server, sent_at=now + timedelta(days=4000), conflicts=1)
    take_in_heartbeat(server=server, heartbeat=ahead, received_at=now)
    later = now + timedelta(seconds=10)
    take_in_heartbeat(server=server, heartbeat=make_heartbeat(server, sent_at=later, conflicts=2), received_at=later)
    assert ServerState.objects.get().conflicts == 2


def nothing_kept() -> bool:
    return not ServerState.objects.exists() and not AuditEvent.objects.exists()


def test_an_unsigned_or_wrongly_signed_heartbeat_is_refused(client) -> None:
    server, other = DicomServerFactory(), DicomServerFactory()
    sent = body_of(make_heartbeat(server))
    assert refusal(client.post(HEARTBEATS, sent, content_type="application/json")) == (401, "credential_missing")
    forged = post_signed(client, server, HEARTBEATS, sent, private_key=other.private_key)
    assert refusal(forged) == (401, "credential_invalid")
    assert refusal(post_signed(client, other, HEARTBEATS, sent)) == (403, "message_for_another_server")
    assert nothing_kept()


def test_a_disabled_server_is_not_answered(client) -> None:
    server = DicomServerFactory(disabled_at=timezone.now())
    response = post_signed(client, server, HEARTBEATS, body_of(make_heartbeat(server)))
    assert refusal(response) == (401, "server_unknown")
    assert nothing_kept()


def test_a_replayed_heartbeat_is_refused(client) -> None:
    server = DicomServerFactory()
    sent = body_of(make_heartbeat(server))
    headers = {"Authorization": authorization_of(server, HEARTBEATS, sent)}
    first, second = (client.post(HEARTBEATS, sent, content_type="application/json", headers=headers) for _ in range(2))
    assert first.status_code == 200
    assert refusal(second) == (401, "message_replayed")


def test_an_unknown_field_and_a_huge_body_are_refused(client) -> None:
    server = DicomServerFactory()
    unknown = json.dumps({**json.loads(body_of(make_heartbeat(server))), "ward": "7"}).encode()
    assert refusal(post_signed(client, server, HEARTBEATS, unknown)) == (422, "message_invalid")
    huge = b" " * (MAX_BODY_BYTES + 1)
    assert refusal(post_signed(client, server, HEARTBEATS, huge)) == (413, "body_too_large")
    assert nothing_kept()


def test_the_longest_counts_are_kept(client) -> None:
    server = DicomServerFactory()
    largest = json.loads(body_of(make_heartbeat(server)))
    largest["archive"] = {
        "bytes_total": 2**63 - 1,
        "bytes_free": 2**63 - 1,
        "studies": 2**31 - 1,
        "instances": 2**63 - 1,
    }
    largest |= {"conflicts": 2**31 - 1, "quarantined": 2**31 - 1}
    assert post_signed(client, server, HEARTBEATS, json.dumps(largest).encode()).status_code == 200
    assert DicomServer.objects.get().state.archive_bytes_free == 2**63 - 1
