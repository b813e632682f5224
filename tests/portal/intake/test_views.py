"""The door takes signed messages once, and refuses everything else without storing anything."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError

from audit.models import AuditEvent
from portal.intake.models import ReceivedMessage
from portal.servers.models import DicomServer
from portal.studies.models import Patient, Study
from tests.portal.intake.factories import body, make_event
from tests.portal.servers.factories import (
    DicomServerFactory,
    authorization_of,
    enrolment_authorization,
    make_code,
    make_enrolment,
    post_signed,
)
from tests.portal.studies.factories import GOLDEN, make_report
from wire.enrolments import EnrolmentAnswer
from wire.examples import example
from wire.keys import generate_key, thumbprint
from wire.routes import ACCESS_EVENTS, ENROLMENTS, MAX_BODY_BYTES, STUDY_REPORTS

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    return DicomServerFactory(id=GOLDEN.server_id)


def nothing_stored() -> bool:
    return not (
        Study.objects.exists()
        or Patient.objects.exists()
        or ReceivedMessage.objects.exists()
        or AuditEvent.objects.exists()
    )


def refusal(response) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert set(problem) == {"type", "title", "status", "detail", "code"}
    assert problem["status"] == response.status_code
    return response.status_code, problem["code"]


def test_the_golden_report_is_accepted(client, server) -> None:
    response = post_signed(client, server, STUDY_REPORTS, example("study_report"))
    assert (response.status_code, response.content) == (204, b"")
    assert Study.objects.get().study_instance_uid == GOLDEN.study_instance_uid
    assert ReceivedMessage.objects.get().message_id == GOLDEN.message_id


def test_the_golden_event_is_accepted(client, server) -> None:
    response = post_signed(client, server, ACCESS_EVENTS, example("access_event"))
    assert (response.status_code, response.content) == (204, b"")
    assert AuditEvent.objects.get().action == "pixels_read"


def test_a_report_delivered_again_changes_nothing(client, server) -> None:
    report = make_report(server)
    for _ in range(3):
        assert post_signed(client, server, STUDY_REPORTS, body(report)).status_code == 204
    assert (Study.objects.count(), ReceivedMessage.objects.count()) == (1, 1)


def test_a_message_id_of_one_server_keeps_out_no_message_of_another(client, server) -> None:
    other, shared = DicomServerFactory(), uuid4()
    for sender in (server, other):
        report = make_report(sender, message_id=shared)
        assert post_signed(client, sender, STUDY_REPORTS, body(report)).status_code == 204
    assert Study.objects.count() == 2


def test_a_report_and_its_note_are_stored_together_or_not_at_all(client, server, monkeypatch) -> None:
    def boom(*args, **kwargs):
        raise RuntimeError

    client.raise_request_exception = False
    report = make_report(server)
    with monkeypatch.context() as broken:
        broken.setattr("portal.intake.services.take_in_report", boom)
        response = post_signed(client, server, STUDY_REPORTS, body(report))
    assert refusal(response) == (500, "internal")
    assert not ReceivedMessage.objects.exists()
    assert post_signed(client, server, STUDY_REPORTS, body(report)).status_code == 204
    assert Study.objects.count() == 1


@pytest.mark.parametrize("route", [STUDY_REPORTS, ACCESS_EVENTS])
def test_an_unsigned_request_is_refused(client, server, route: str) -> None:
    response = client.post(route, body(make_report(server)), content_type="application/json")
    assert refusal(response) == (401, "credential_missing")
    assert response["WWW-Authenticate"] == "Bearer"
    assert nothing_stored()


@pytest.mark.parametrize(
    "header",
    ["Bearer ", "Bearer x.y.z", "Bearer " + "a" * 5000, "Basic eDp5", "Token abc", "Bearer eyJhbGciOiJub25lIn0.e30."],
)
def test_a_malformed_credential_is_refused(client, server, header: str) -> None:
    response = client.post(
        STUDY_REPORTS, body(make_report(server)), content_type="application/json", headers={"Authorization": header}
    )
    assert response.status_code == 401
    assert refusal(response)[1] in {"credential_missing", "credential_invalid"}
    assert nothing_stored()


def test_a_signature_of_another_key_is_refused(client, server) -> None:
    response = post_signed(client, server, STUDY_REPORTS, body(make_report(server)), private_key=generate_key())
    assert refusal(response) == (401, "credential_invalid")
    assert nothing_stored()


def test_a_signature_of_another_server_is_refused(client, server) -> None:
    other = DicomServerFactory()
    response = post_signed(client, other, STUDY_REPORTS, body(make_report(server)), issuer=str(server.pk))
    assert refusal(response) == (401, "credential_invalid")
    assert nothing_stored()


def test_a_body_changed_after_it_was_signed_is_refused(client, server) -> None:
    signed = body(make_report(server))
    header = authorization_of(server, STUDY_REPORTS, signed)
    changed = signed.replace(b"Munteanu", b"Muntianu")
    response = client.post(STUDY_REPORTS, changed, content_type="application/json", headers={"Authorization": header})
    assert refusal(response) == (401, "credential_invalid")
    assert nothing_stored()


def test_a_credential_for_another_route_is_refused(client, server) -> None:
    signed = body(make_report(server))
    headers = {"Authorization": authorization_of(server, ACCESS_EVENTS, signed)}
    response = client.post(STUDY_REPORTS, signed, content_type="application/json", headers=headers)
    assert refusal(response) == (401, "credential_invalid")
    assert nothing_stored()


@pytest.mark.parametrize(("seconds", "code"), [(-61, "credential_expired"), (40, "credential_invalid")])
def test_a_credential_out_of_its_minute_is_refused(client, server, seconds: int, code: str) -> None:
    signed = body(make_report(server))
    response = post_signed(client, server, STUDY_REPORTS, signed, now=timezone.now() + timedelta(seconds=seconds))
    assert refusal(response) == (401, code)
    assert nothing_stored()


def test_a_replayed_request_is_refused(client, server) -> None:
    signed = body(make_report(server))
    headers = {"Authorization": authorization_of(server, STUDY_REPORTS, signed)}
    first = client.post(STUDY_REPORTS, signed, content_type="application/json", headers=headers)
    second = client.post(STUDY_REPORTS, signed, content_type="application/json", headers=headers)
    assert first.status_code == 204
    assert refusal(second) == (401, "message_replayed")
    assert (Study.objects.count(), ReceivedMessage.objects.count()) == (1, 1)


def test_a_credential_is_remembered_for_as_long_as_it_could_be_replayed(client, server) -> None:
    signed = body(make_report(server))
    now = timezone.now()
    ahead = authorization_of(server, STUDY_REPORTS, signed, now=now + timedelta(seconds=29))
    headers = {"Authorization": ahead}
    assert client.post(STUDY_REPORTS, signed, content_type="application/json", headers=headers).status_code == 204
    with time_machine.travel(now + timedelta(seconds=88), tick=False):
        again = client.post(STUDY_REPORTS, signed, content_type="application/json", headers=headers)
    assert refusal(again) == (401, "message_replayed")


def test_without_redis_nothing_gets_through(client, server, monkeypatch) -> None:
    def lost(*args, **kwargs):
        raise RedisConnectionError("redis://secret@host")

    monkeypatch.setattr(cache, "add", lost)
    response = post_signed(client, server, STUDY_REPORTS, body(make_report(server)))
    assert refusal(response) == (503, "unavailable")
    assert b"secret" not in response.content
    assert nothing_stored()


def test_a_server_that_never_enrolled_is_refused(client) -> None:
    stranger = DicomServerFactory.build(institution=None)
    response = post_signed(client, stranger, STUDY_REPORTS, body(make_report(stranger)))
    assert refusal(response) == (401, "server_unknown")
    assert nothing_stored()


@pytest.mark.parametrize("issuer", ["nobody", "' OR 1=1", "0" * 32])
def test_an_issuer_that_is_no_server_is_refused(client, server, issuer: str) -> None:
    response = post_signed(client, server, STUDY_REPORTS, body(make_report(server)), issuer=issuer)
    assert refusal(response) == (401, "server_unknown")
    assert nothing_stored()


def test_a_disabled_server_is_refused(client, server) -> None:
    DicomServer.objects.update(disabled_at=timezone.now())
    response = post_signed(client, server, STUDY_REPORTS, body(make_report(server)))
    assert refusal(response) == (401, "server_unknown")
    assert nothing_stored()


@pytest.mark.parametrize("route", [STUDY_REPORTS, ACCESS_EVENTS])
def test_a_message_in_the_name_of_another_server_is_refused(client, server, route: str) -> None:
    other = DicomServerFactory()
    message = make_report(other) if route == STUDY_REPORTS else make_event(other)
    response = post_signed(client, server, route, body(message))
    assert refusal(response) == (403, "message_for_another_server")
    assert nothing_stored()


def changed_golden(**changes) -> bytes:
    return json.dumps({**json.loads(example("study_report")), **changes}).encode()


@pytest.mark.parametrize(
    "sent",
    [
        changed_golden(ward="7"),
        changed_golden(patient={**json.loads(example("study_report"))["patient"], "ward": "7"}),
        changed_golden(revision="3"),
        changed_golden(revision=0),
        changed_golden(revision=2**63),
        changed_golden(study_instance_uid="1.2.3/../4"),
        changed_golden(study_instance_uid="1.02"),
        changed_golden(study_instance_uid="1." * 40 + "1"),
        changed_golden(study_description="a\u0000b"),
        changed_golden(study_description="a\nb"),
        changed_golden(study_description="a" * 1025),
        changed_golden(last_received_at="2026-11-20T00:43:31"),
        changed_golden(complete=1),
        changed_golden(series=[json.loads(example("study_report"))["series"][0]] * 2),
        example("study_report").replace(b"CT chest", b"\\ud800"),
        example("study_report").replace(b"CT chest", b"\xff\xfe"),
        example("heartbeat"),
        b"[" * 100_000,
        b"null",
        b"",
        b"<xml/>",
    ],
)
def test_a_body_that_is_no_report_is_refused_without_repeating_it(client, server, sent: bytes) -> None:
    response = post_signed(client, server, STUDY_REPORTS, sent)
    assert refusal(response) == (422, "message_invalid")
    assert b"Munteanu" not in response.content
    assert nothing_stored()


def test_an_unknown_field_is_named_and_its_value_is_not(client, server) -> None:
    response = post_signed(client, server, STUDY_REPORTS, changed_golden(ward="Munteanu"))
    assert json.loads(response.content)["detail"] == "ward: Extra inputs are not permitted"


@pytest.mark.parametrize("route", [STUDY_REPORTS, ACCESS_EVENTS])
def test_a_huge_body_is_refused(client, server, route: str) -> None:
    huge = b" " * (MAX_BODY_BYTES + 1)
    response = post_signed(client, server, route, huge)
    assert refusal(response) == (413, "body_too_large")
    assert nothing_stored()


def test_a_huge_body_is_refused_before_anybody_is_asked_who_sends_it(client) -> None:
    response = client.post(STUDY_REPORTS, b" " * (MAX_BODY_BYTES + 1), content_type="application/json")
    assert refusal(response) == (413, "body_too_large")


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
@pytest.mark.parametrize("route", [STUDY_REPORTS, ACCESS_EVENTS, ENROLMENTS])
def test_the_door_is_for_posting_alone(client, server, route: str, method: str) -> None:
    response = getattr(client, method)(route)
    assert response.status_code in {401, 405}
    assert nothing_stored()


def test_a_session_opens_nothing_here(client, server) -> None:
    from tests.portal.institutions.factories import MembershipFactory

    client.force_login(MembershipFactory(role="system_administrator").user)
    response = client.post(STUDY_REPORTS, body(make_report(server)), content_type="application/json")
    assert refusal(response) == (401, "credential_missing")
    assert not Study.objects.exists()


def enrol(client, enrolment, key, **changes):
    sent = body(enrolment)
    header = enrolment_authorization(key, sent, **changes)
    return client.post(ENROLMENTS, sent, content_type="application/json", headers={"Authorization": header})


def test_a_server_enrols_and_reports(client) -> None:
    key = generate_key()
    response = enrol(client, make_enrolment(make_code(), key), key)
    assert response.status_code == 201
    answer = EnrolmentAnswer.model_validate_json(response.content)
    server = DicomServer.objects.get()
    assert answer.server_id == server.pk
    assert (answer.institution_code, answer.institution_name) == (server.institution.code, server.institution.name)
    assert len(answer.portal_keys) == 1
    server.private_key = key
    assert post_signed(client, server, STUDY_REPORTS, body(make_report(server))).status_code == 204


def test_an_enrolment_whose_answer_was_lost_is_answered_again(client) -> None:
    key = generate_key()
    enrolment = make_enrolment(make_code(), key)
    answers = [enrol(client, enrolment, key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def test_a_wrong_code_is_refused_and_audited_once(client) -> None:
    key = generate_key()
    response = enrol(client, make_enrolment("AAAA-AAAA-AAAA-AAAA", key), key)
    assert refusal(response) == (403, "enrolment_code_invalid")
    assert not DicomServer.objects.exists()
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.details["tried"]) == ("access_denied", "denied", "enrolment")


def test_an_enrolment_signed_with_another_key_is_refused(client) -> None:
    code, key, other = make_code(), generate_key(), generate_key()
    for changes in ({"private_key": other}, {"issuer": thumbprint(other)}):
        response = enrol(client, make_enrolment(code, key), key, **changes)
        assert refusal(response) == (401, "credential_invalid")
    assert not DicomServer.objects.exists()


def test_a_replayed_enrolment_is_refused(client) -> None:
    key = generate_key()
    sent = body(make_enrolment(make_code(), key))
    headers = {"Authorization": enrolment_authorization(key, sent)}
    first, second = (client.post(ENROLMENTS, sent, content_type="application/json", headers=headers) for _ in range(2))
    assert first.status_code == 201
    assert refusal(second) == (401, "message_replayed")


def test_an_enrolment_is_small(client) -> None:
    response = client.post(ENROLMENTS, b" " * (16 * 1024 + 1), content_type="application/json")
    assert refusal(response) == (413, "body_too_large")


@pytest.mark.parametrize("change", [{"dicomweb_url": "javascript:alert(1)"}, {"ae_title": "A" * 17}, {"role": "admin"}])
def test_a_malformed_enrolment_is_refused(client, change) -> None:
    key = generate_key()
    sent = json.dumps({**json.loads(body(make_enrolment(make_code(), key))), **change}).encode()
    headers = {"Authorization": enrolment_authorization(key, sent)}
    response = client.post(ENROLMENTS, sent, content_type="application/json", headers=headers)
    assert refusal(response) == (422, "message_invalid")
    assert not DicomServer.objects.exists()


def test_codes_cannot_be_tried_by_the_thousand(client) -> None:
    answers = [client.post(ENROLMENTS, b"{}", content_type="application/json") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [422] * 30 + [429]
    assert refusal(answers[-1]) == (429, "too_many_requests")
    assert 1 <= int(answers[-1]["Retry-After"]) <= 61


def test_the_golden_enrolment_is_understood(client) -> None:
    sent = example("enrolment")
    response = client.post(ENROLMENTS, sent, content_type="application/json")
    assert refusal(response) == (401, "credential_missing")
