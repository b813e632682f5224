"""Each act writes one row that says who, what, with what and by which rule."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction

from audit import services
from audit.actors import ServerActor, SystemActor, UnknownActor
from audit.models import AuditEvent
from audit.subjects import AuditedStudy
from tests.audit.factories import CHEST, NOON, PASCARU, make_access_event

pytestmark = pytest.mark.django_db

COLUMNS = ("action", "outcome", "actor_id", "study_instance_uid", "institution", "rule", "details")
PERSON = {"person_id": "albrecht", "person_name": "Prof. Jens Albrecht"}


def only_row():
    return AuditEvent.objects.values_list(*COLUMNS).get()


def about(study, *, action, outcome="allowed", rule="", details=None):
    return (action, outcome, PASCARU.actor_id, study.study_instance_uid, study.institution, rule, details or {})


def plain(*, action, outcome="allowed", institution="", rule="", details=None):
    return (action, outcome, PASCARU.actor_id, "", institution, rule, details or {})


def test_event_names_the_actor_and_the_study():
    services.record_study_opened(actor=PASCARU, study=CHEST, rule="radiologist_of_institution")
    event = AuditEvent.objects.get()
    assert (event.actor_id, event.actor_name, event.actor_role, event.actor_institution) == (
        "5f0d7c0b-2c6e-4f8e-9a11-3c1f5f0c9a11",
        "Dr. Elena Pascaru",
        "radiologist",
        "Nistru Clinical",
    )
    assert (event.remote_address, event.request_id) == ("10.20.4.17", "7f3c91ae-20b4-4d5e-8f00-1234567890ab")
    assert (event.study_instance_uid, event.server_id) == (
        "1.2.826.0.1.3680043.8.498.1",
        "6f1d3a52-7c1e-4b7a-9d43-0a8f2f6f7b10",
    )
    assert event.patient_identifiers == ["NC-004417", "2002062031458"]
    assert event.study_summary == "CT 20 Nov 2026, chest"
    assert (event.action, event.outcome, event.rule) == ("study_opened", "allowed", "radiologist_of_institution")


@time_machine.travel("2001-02-03T04:05:06Z", tick=False)
def test_event_knows_when_it_happened_and_when_the_database_wrote_it():
    event = services.record_sign_in(actor=PASCARU)
    event.refresh_from_db()
    assert event.occurred_at == datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert event.recorded_at > datetime(2020, 1, 1, tzinfo=UTC)


def test_sign_in_is_recorded():
    services.record_sign_in(actor=PASCARU)
    assert only_row() == plain(action="signed_in", details={"method": "password"})


def test_failed_sign_in_is_recorded():
    actor = UnknownActor(remote_address="10.0.0.9")
    services.record_failed_sign_in(actor=actor, username="pascaru", reason="password")
    assert only_row() == (
        "sign_in_failed",
        "denied",
        "",
        "",
        "",
        "",
        {"username": "pascaru", "reason": "password"},
    )
    assert AuditEvent.objects.values_list("actor_name", "actor_role", "remote_address").get() == (
        "",
        "not_signed_in",
        "10.0.0.9",
    )


def test_sign_out_is_recorded():
    services.record_sign_out(actor=PASCARU)
    assert only_row() == plain(action="signed_out")


def test_worklist_query_is_recorded_with_what_was_looked_for():
    services.record_worklist_query(
        actor=PASCARU, filters={"patient": "NC-004417"}, results=0, patient_identifiers=["NC-004417"]
    )
    assert only_row() == plain(action="worklist_queried", details={"filters": {"patient": "NC-004417"}, "results": 0})
    assert AuditEvent.objects.get().patient_identifiers == ["NC-004417"]


def test_study_opened_by_break_glass_is_told_apart():
    services.record_study_opened(
        actor=PASCARU, study=CHEST, rule="break_glass", break_glass=True, reason="Short of breath"
    )
    assert only_row() == about(
        CHEST,
        action="study_opened",
        outcome="break_glass",
        rule="break_glass",
        details={"reason": "Short of breath"},
    )


def test_viewer_token_is_recorded_without_the_token_itself():
    services.record_viewer_token_issued(
        actor=PASCARU,
        study=CHEST,
        rule="own_study",
        session_id="session-1",
        token_id="token-1",
        permissions=("view", "share"),
        expires_at=NOON,
        renewed=True,
    )
    assert only_row() == about(
        CHEST,
        action="viewer_token_issued",
        rule="own_study",
        details={
            "session_id": "session-1",
            "token_id": "token-1",
            "permissions": ["view", "share"],
            "expires_at": "2026-11-20T12:00:00+00:00",
            "renewed": True,
        },
    )


def test_pixels_read_are_recorded_at_the_time_of_the_server_that_saw_it():
    services.record_pixels_read(actor=PASCARU, event=make_access_event(), study=CHEST, rule="own_study")
    assert only_row() == about(
        CHEST,
        action="pixels_read",
        rule="own_study",
        details={
            "message_id": "c0a6f9de-90b4-4a3c-8a52-5b9f3b8f2d77",
            "sub": PASCARU.actor_id,
            "session_id": "session-1",
            "token_id": "token-1",
            "ended_at": "2026-11-20T12:08:00+00:00",
            "instances": 748,
            "frames": 748,
            "sent_bytes": 198180864,
        },
    )
    event = AuditEvent.objects.get()
    assert event.occurred_at == NOON
    assert event.remote_address == "10.20.4.18"


def test_refused_token_is_recorded_even_when_it_names_nobody():
    refused = make_access_event(
        kind="token_refused",
        sub=None,
        session_id=None,
        token_id=None,
        ended_at=None,
        instances=0,
        frames=0,
        sent_bytes=0,
        reason="token_invalid",
    )
    study = AuditedStudy(study_instance_uid="1.2.3", server_id="server", institution="Nistru Clinical")
    services.record_token_refused(actor=UnknownActor(), event=refused, study=study)
    assert only_row() == (
        "token_refused",
        "denied",
        "",
        "1.2.3",
        "Nistru Clinical",
        "",
        {
            "message_id": "c0a6f9de-90b4-4a3c-8a52-5b9f3b8f2d77",
            "instances": 0,
            "frames": 0,
            "sent_bytes": 0,
            "reason": "token_invalid",
        },
    )


def test_denied_access_is_recorded():
    services.record_access_denied(actor=PASCARU, study=CHEST, tried="viewer_token")
    assert only_row() == about(
        CHEST, action="access_denied", outcome="denied", rule="none", details={"tried": "viewer_token"}
    )


def test_denied_access_to_something_else_is_recorded():
    services.record_access_denied(actor=PASCARU, tried="console")
    assert only_row() == plain(action="access_denied", outcome="denied", rule="none", details={"tried": "console"})


def test_grant_is_recorded_when_made_and_when_revoked():
    services.record_grant_made(
        actor=PASCARU,
        study=CHEST,
        grant_id="G-209",
        **PERSON,
        permissions=["view", "report"],
        valid_from=NOON,
        valid_until=NOON + timedelta(days=10),
        reason="Second opinion",
    )
    details = {
        "grant_id": "G-209",
        **PERSON,
        "permissions": ["view", "report"],
        "valid_from": "2026-11-20T12:00:00+00:00",
        "valid_until": "2026-11-30T12:00:00+00:00",
        "reach": "study",
        "reason": "Second opinion",
    }
    assert only_row() == about(CHEST, action="grant_made", details=details)
    services.record_grant_revoked(actor=PASCARU, study=CHEST, grant_id="G-209", **PERSON, reason="Answered")
    assert AuditEvent.objects.filter(action="grant_revoked").values_list(*COLUMNS).get() == about(
        CHEST, action="grant_revoked", details={"grant_id": "G-209", **PERSON, "reason": "Answered"}
    )


@pytest.mark.parametrize(
    ("function", "action"),
    [
        (services.record_assignment_made, "assignment_made"),
        (services.record_assignment_ended, "assignment_ended"),
    ],
)
def test_assignment_is_recorded(function, action):
    function(actor=PASCARU, study=CHEST, **PERSON, part="radiologist")
    assert only_row() == about(CHEST, action=action, details={**PERSON, "part": "radiologist", "reach": "study"})


def test_reading_the_log_is_recorded():
    services.record_audit_read(actor=PASCARU, filters={"denied": True}, results=9)
    assert only_row() == plain(action="audit_read", details={"filters": {"denied": True}, "results": 9})


def test_refused_reading_of_the_log_is_recorded():
    services.record_audit_denied(actor=PASCARU)
    assert only_row() == plain(action="access_denied", outcome="denied", details={"tried": "audit"})


def test_enrolment_code_is_recorded_without_the_code():
    services.record_enrolment_code_made(
        actor=PASCARU, institution="Nistru Clinical", server_name="Main", expires_at=NOON
    )
    assert only_row() == plain(
        action="enrolment_code_made",
        institution="Nistru Clinical",
        details={"server_name": "Main", "expires_at": "2026-11-20T12:00:00+00:00"},
    )


def test_enrolment_of_a_server_is_recorded():
    actor = ServerActor("server-1", "Main", "Nistru Clinical", remote_address="10.1.1.1")
    services.record_server_enrolled(
        actor=actor,
        server_id="server-1",
        server_name="Main",
        institution="Nistru Clinical",
        details={"dicomweb_url": "https://dicom.nistru.example/dicomweb"},
    )
    assert only_row() == (
        "server_enrolled",
        "allowed",
        "server:server-1",
        "",
        "Nistru Clinical",
        "",
        {"dicomweb_url": "https://dicom.nistru.example/dicomweb", "server_name": "Main"},
    )
    assert AuditEvent.objects.get().server_id == "server-1"


def test_national_id_is_recorded_and_can_be_looked_for():
    services.record_national_id_set(actor=PASCARU, **PERSON, issuer="IDNP", national_id="2002062031458")
    assert only_row() == plain(
        action="national_id_set", details={**PERSON, "issuer": "IDNP", "national_id": "2002062031458"}
    )
    assert AuditEvent.objects.get().patient_identifiers == ["2002062031458"]


@pytest.mark.parametrize(
    ("function", "action"), [(services.record_role_given, "role_given"), (services.record_role_taken, "role_taken")]
)
def test_role_is_recorded(function, action):
    function(actor=PASCARU, **PERSON, role="consultant", institution="Nistru Clinical")
    assert only_row() == plain(action=action, institution="Nistru Clinical", details={**PERSON, "role": "consultant"})


def test_system_signs_with_its_name():
    services.record_grant_revoked(actor=SystemActor("grants"), study=CHEST, grant_id="G-209", **PERSON)
    assert AuditEvent.objects.values_list("actor_id", "actor_name", "actor_role").get() == (
        "system:grants",
        "grants",
        "system",
    )


def test_event_shares_the_fate_of_the_act():
    with transaction.atomic():
        services.record_sign_in(actor=PASCARU)
        transaction.set_rollback(True)
    assert not AuditEvent.objects.exists()


def test_nothing_is_recorded_without_an_actor():
    with pytest.raises(TypeError):
        services.record_sign_out()
    with pytest.raises(AttributeError):
        services.record_sign_out(actor=None)
    assert not AuditEvent.objects.exists()
