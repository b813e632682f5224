"""`/api/v1/servers/<id>/errands/`: who gets a token for which errand, and what is written down of it."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from knox.models import AuthToken

from audit.models import AuditEvent
from portal.grants.selectors import revocations_for
from portal.institutions.models import Role
from portal.servers.signing import portal_key
from tests.portal.grants.factories import MembershipFactory, make_patient_study
from tests.portal.servers.factories import DicomServerFactory
from wire.claims import TokenExpired
from wire.errands import verify

pytestmark = pytest.mark.django_db
REASON = "Sent under another patient"


@pytest.fixture
def study():
    return make_patient_study()


@pytest.fixture
def server(study):
    return study.server


@pytest.fixture
def reader(server):
    return MembershipFactory(role=Role.RADIOLOGIST, institution=server.institution).user


@pytest.fixture
def administrator(server):
    return MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=server.institution).user


@pytest.fixture
def ask(client, server):
    def post(user, errand="find_elsewhere", server=server, token=None, **body):
        headers = {"Authorization": f"Token {token or AuthToken.objects.create(user)[1]}"} if user else {}
        url = f"/api/v1/servers/{getattr(server, 'pk', server)}/errands/"
        return client.post(url, {"errand": errand, **body}, content_type="application/json", headers=headers)

    return post


def claims_of(answer, server):
    key = portal_key()
    return verify(answer.json()["token"], {key.kid: key.public_key}, str(server.pk), timezone.now())


def events(action):
    return AuditEvent.objects.filter(action=action).order_by("pk")


@pytest.mark.parametrize("errand", ["upload", "find_elsewhere"])
def test_a_radiologist_works_at_a_server_of_the_own_institution(ask, server, reader, errand):
    server.dicomweb_url = "https://dicom.nistru.example/pacs/dicomweb"
    server.save()
    answer = ask(reader, errand)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert answer.json()["server"] == {
        "id": str(server.pk),
        "dicomweb_url": "https://dicom.nistru.example/pacs/dicomweb",
        "base_url": "https://dicom.nistru.example/pacs",
    }
    claims = claims_of(answer, server)
    assert (claims.errand, claims.sub, claims.study_instance_uid) == (errand, str(reader.subject), None)
    assert claims.expires_at - claims.issued_at == timedelta(minutes=5)
    (event,) = events("errand_begun")
    assert (event.actor_id, event.server_id) == (str(reader.subject), str(server.pk))
    assert event.institution == server.institution.short_name
    assert event.details == {
        "errand": errand,
        "server_name": server.name,
        "session_id": claims.sid,
        "token_id": claims.jti,
    }


def test_an_administrator_has_a_study_deleted_and_says_why(ask, study, server, administrator):
    answer = ask(administrator, "delete", study_instance_uid=study.study_instance_uid, reason=REASON)
    assert answer.status_code == 200
    assert claims_of(answer, server).study_instance_uid == study.study_instance_uid
    (event,) = events("errand_begun")
    assert event.details["reason"] == REASON
    assert event.study_instance_uid == study.study_instance_uid
    assert study.patient.patient_id in event.patient_identifiers


@pytest.mark.parametrize(
    "body",
    [
        {"errand": "delete"},
        {"errand": "delete", "study_instance_uid": "1.2.3"},
        {"errand": "delete", "study_instance_uid": "1.2.3", "reason": "  "},
        {"errand": "delete", "study_instance_uid": "1.2.*", "reason": REASON},
        {"errand": "find_elsewhere", "study_instance_uid": "1.2.3"},
        {"errand": "everything"},
        {"errand": None},
        {"errand": "upload", "study_instance_uid": "../1"},
    ],
)
def test_an_order_for_nothing_is_refused(ask, administrator, body):
    answer = ask(administrator, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    assert not events("errand_begun")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.RADIOLOGIST])
@pytest.mark.parametrize("errand", ["upload", "find_elsewhere"])
def test_nobody_but_radiologists_brings_in_or_looks_elsewhere(ask, server, role, errand):
    user = MembershipFactory(role=role, institution=server.institution).user
    answer = ask(user, errand)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    tried = f"errand_{errand}" if role == Role.INSTITUTION_ADMINISTRATOR else "errand"
    assert [event.details["tried"] for event in events("access_denied")] == [tried]
    assert not events("errand_begun")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.INSTITUTION_ADMINISTRATOR])
def test_nobody_but_the_institutions_administrator_deletes(ask, study, role):
    user = MembershipFactory(role=role, institution=study.server.institution).user
    answer = ask(user, "delete", study_instance_uid=study.study_instance_uid, reason=REASON)
    assert answer.status_code == 404
    (event,) = events("access_denied")
    if role == Role.RADIOLOGIST:
        assert (event.details["tried"], event.study_instance_uid) == ("errand_delete", study.study_instance_uid)
    else:
        assert event.details["tried"] == "errand"
    assert not events("errand_begun")


def test_people_of_another_institution_have_no_errand_here(ask, study):
    for role in (Role.RADIOLOGIST, Role.INSTITUTION_ADMINISTRATOR):
        stranger = MembershipFactory(role=role).user
        assert ask(stranger, "upload").status_code == 404
        assert ask(stranger, "delete", study_instance_uid=study.study_instance_uid, reason=REASON).status_code == 404
    assert not events("errand_begun")


def test_somebody_signed_out_is_turned_away(ask):
    assert ask(None).status_code == 401
    assert [event.details["tried"] for event in events("access_denied")] == ["errand"]


def test_a_server_that_is_gone_or_never_was_looks_like_anothers(ask, reader, server):
    assert ask(reader, server=uuid.uuid4()).status_code == 404
    server.disabled_at = timezone.now()
    server.save()
    assert ask(reader).status_code == 404


def test_a_study_that_the_server_does_not_hold_is_not_deleted(ask, administrator, server):
    other = make_patient_study(DicomServerFactory(institution=server.institution))
    answer = ask(administrator, "delete", study_instance_uid=other.study_instance_uid, reason=REASON)
    assert answer.status_code == 404
    assert not events("errand_begun")


def test_a_suspended_or_ended_role_gets_nothing(ask, server):
    for end in ("suspended_at", "ended_at"):
        membership = MembershipFactory(role=Role.RADIOLOGIST, institution=server.institution)
        setattr(membership, end, timezone.now() - timedelta(seconds=1))
        membership.save()
        assert ask(membership.user).status_code in (403, 404)
    assert not events("errand_begun")


def test_a_stay_leaves_one_event_and_one_after_a_pause(ask, reader, server, django_capture_on_commit_callbacks):
    token = AuthToken.objects.create(reader)[1]
    with django_capture_on_commit_callbacks(execute=True):
        first = claims_of(ask(reader, token=token), server)
    with django_capture_on_commit_callbacks(execute=True):
        second = claims_of(ask(reader, token=token), server)
    assert first.sid == second.sid
    assert first.jti != second.jti
    assert events("errand_begun").count() == 1
    other = claims_of(ask(reader), server)
    assert other.sid != first.sid
    assert events("errand_begun").count() == 2


def test_each_order_to_delete_is_recorded(ask, study, administrator, django_capture_on_commit_callbacks):
    token = AuthToken.objects.create(administrator)[1]
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            answer = ask(
                administrator, "delete", token=token, study_instance_uid=study.study_instance_uid, reason=REASON
            )
        assert answer.status_code == 200
    assert events("errand_begun").count() == 2


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.INSTITUTION_ADMINISTRATOR])
def test_servers_are_told_when_the_role_ends(server, role):
    membership = MembershipFactory(role=role, institution=server.institution)
    membership.ended_at = timezone.now() - timedelta(seconds=1)
    membership.save()
    told = revocations_for(server, timezone.now())
    assert [(one.subject, one.study_instance_uid) for one in told] == [(membership.user.subject, None)]


def test_a_token_lasts_five_minutes(ask, reader, server):
    answer = ask(reader)
    with time_machine.travel(timezone.now() + timedelta(minutes=5)), pytest.raises(TokenExpired):
        claims_of(answer, server)
