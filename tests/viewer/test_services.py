"""Viewer tokens: what they say, how long they live, and when there is none."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.servers.signing import portal_key
from tests.portal.grants.factories import GrantFactory, UserFactory, actor_for, make_patient_study, radiologist_of
from viewer.models import ViewingSession
from viewer.services import ServerDisabled, ViewerTokenDenied, issue_viewer_token, viewing_session_id
from wire import tokens

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_patient_study()


def issue(user, study, session="session one"):
    return issue_viewer_token(actor=actor_for(user), user=user, study=study, session=session)


def claims_of(issued, now=None):
    key = portal_key()
    audience = str(issued.study.server_id)
    return tokens.verify(issued.token, {key.kid: key.public_key}, audience, now or timezone.now())


def issued_events():
    return AuditEvent.objects.filter(action=Action.VIEWER_TOKEN_ISSUED)


def test_a_token_names_person_server_study_and_rights(study):
    radiologist = radiologist_of(study.server.institution)
    issued = issue(radiologist, study)
    claims = claims_of(issued)
    assert claims.sub == str(radiologist.subject)
    assert claims.aud == str(study.server_id)
    assert claims.study_instance_uid == study.study_instance_uid
    assert claims.permissions == ("view", "download", "report", "share")
    assert claims.exp - claims.iat == 300
    assert issued.expires_at == claims.expires_at
    assert claims.iss == "dicom-network-portal"


def test_the_rights_are_those_of_the_decision_and_no_more(study):
    viewer = GrantFactory(study=study, permissions=["view"]).user
    assert claims_of(issue(viewer, study)).permissions == ("view",)


def test_a_token_is_refused_by_every_other_server(study):
    issued = issue(radiologist_of(study.server.institution), study)
    key = portal_key()
    with pytest.raises(tokens.TokenForAnotherServer):
        tokens.verify(issued.token, {key.kid: key.public_key}, "another", timezone.now())


def test_a_token_never_outlives_the_access(study):
    now = timezone.now()
    grant = GrantFactory(study=study, valid_until=now + timedelta(seconds=90))
    issued = issue(grant.user, study)
    assert issued.expires_at <= grant.valid_until
    assert issued.expires_at > grant.valid_until - timedelta(seconds=3)


def test_a_right_that_ends_first_ends_the_token_first(study):
    now = timezone.now()
    short = GrantFactory(study=study, permissions=["view", "download"], valid_until=now + timedelta(seconds=60))
    GrantFactory(study=study, user=short.user, permissions=["view"])
    assert issue(short.user, study).expires_at <= short.valid_until


def test_no_token_is_issued_in_the_last_moment_of_an_access(study):
    grant = GrantFactory(study=study, valid_until=timezone.now() + timedelta(milliseconds=700))
    with pytest.raises(ViewerTokenDenied):
        issue(grant.user, study)
    assert not issued_events().exists()


def test_renewals_keep_one_viewing_session_and_one_audit_event(study):
    radiologist = radiologist_of(study.server.institution)
    start = timezone.now()
    sessions, ids = set(), set()
    for minutes in (0, 4, 8):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            claims = claims_of(issue(radiologist, study))
        sessions.add(claims.sid)
        ids.add(claims.jti)
    assert (len(sessions), len(ids)) == (1, 3)
    event = issued_events().get()
    assert event.details["session_id"] == sessions.pop()
    assert event.details["token_id"] in ids
    assert event.rule == "radiologist_of_institution"
    assert event.study_instance_uid == study.study_instance_uid
    session = ViewingSession.objects.get()
    assert session.renewed_at - session.started_at == timedelta(minutes=8)


def test_who_comes_back_after_their_token_ended_leaves_another_event(study):
    radiologist = radiologist_of(study.server.institution)
    start = timezone.now()
    for minutes in (0, 4, 10):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            last = claims_of(issue(radiologist, study))
    first, second = issued_events().order_by("pk")
    assert ("renewed" in first.details, second.details["renewed"]) == (False, True)
    assert second.details["token_id"] == last.jti
    assert second.details["session_id"] == first.details["session_id"]


def test_another_sign_in_another_study_and_another_person_are_other_sessions(study):
    first, second = (radiologist_of(study.server.institution) for _ in range(2))
    sibling = make_patient_study(study.server)
    found = {
        claims_of(issue(first, study)).sid,
        claims_of(issue(first, study, "session two")).sid,
        claims_of(issue(first, sibling)).sid,
        claims_of(issue(second, study)).sid,
    }
    assert len(found) == 4
    assert issued_events().count() == 4


def test_the_session_id_tells_nothing_of_the_sign_in(study):
    assert "secret-key" not in viewing_session_id(UserFactory(), study, "secret-key")
    assert len(viewing_session_id(UserFactory(), study, "x")) == 32


@pytest.mark.parametrize("who", ["stranger", "revoked", "suspended"])
def test_who_lost_the_access_meanwhile_gets_no_token(study, who):
    person = UserFactory()
    if who == "revoked":
        person = GrantFactory(study=study, revoked_at=timezone.now()).user
    if who == "suspended":
        person = radiologist_of(study.server.institution)
        type(person).objects.filter(pk=person.pk).update(is_active=False)
    with pytest.raises(ViewerTokenDenied):
        issue(person, study)
    assert not issued_events().exists()
    assert not ViewingSession.objects.exists()


def test_nothing_is_read_from_a_server_that_was_taken_out_of_service(study):
    study.server.disabled_at = timezone.now()
    study.server.save()
    with pytest.raises(ServerDisabled):
        issue(radiologist_of(study.server.institution), study)
    assert not issued_events().exists()
