"""Asking for access: the owner's administrators decide, nothing opens before, and both sides get letters."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from audit.models import Action
from portal.access.errors import (
    AllowedAlready,
    DecisionWithoutReason,
    RequestDecided,
    RequestedAlready,
    RequestTooLong,
    RequestWithoutReason,
)
from portal.access.models import AccessRequest, RequestState
from portal.access.services import approve_request, decline_request, request_access, withdraw_request
from portal.grants.errors import (
    GrantEndsBeforeItBegins,
    GrantWithoutView,
    NotYours,
    ShareNotAllowed,
    UnknownGrantee,
)
from portal.grants.models import Grant, GrantKind
from portal.grants.policy import explain
from portal.grants.services import revoke_grant
from portal.institutions.models import Role
from tests.portal.access.factories import REASON, AccessRequestFactory, Scene, acts
from tests.portal.grants.factories import GrantFactory, actor_for, radiologist_of

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _no_tries():
    cache.clear()


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture
def administrator(scene):
    return scene.person(Role.INSTITUTION_ADMINISTRATOR)


def ask(person, study, **changes):
    values = {"permissions": ("view", "download"), "valid_until": timezone.now() + WEEK, "reason": REASON, **changes}
    return request_access(actor=actor_for(person), person=person, study=study, **values)


def approve(who, request, **changes):
    return approve_request(actor=actor_for(who), administrator=who, request_id=request.pk, **changes)


def test_a_request_opens_nothing_until_it_is_approved(scene, administrator, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        request = ask(scene.doctor, scene.study)
    assert not explain(scene.doctor, scene.study).allowed
    assert [letter.to for letter in mail.outbox] == [[administrator.email]]
    with django_capture_on_commit_callbacks(execute=True):
        decided = approve(administrator, request)
    grant = Grant.objects.get()
    assert (grant.kind, grant.granted_by, grant.valid_until) == (
        GrantKind.REQUESTED,
        administrator,
        request.wanted_until,
    )
    assert (decided.state, decided.grant, decided.decided_by) == (RequestState.APPROVED, grant, administrator)
    assert explain(scene.doctor, scene.study).permissions == ("view", "download")
    assert not explain(administrator, scene.study).allowed
    assert [letter.to for letter in mail.outbox[1:]] == [[scene.doctor.email]]
    for letter in mail.outbox:
        for secret in ("Munteanu", scene.study.patient.patient_id, scene.study.study_instance_uid, REASON):
            assert secret not in letter.subject + letter.body
    assert list(acts().values_list("action", flat=True)) == [
        Action.ACCESS_REQUESTED,
        Action.GRANT_MADE,
        Action.ACCESS_REQUEST_APPROVED,
    ]


def test_an_administrator_may_give_less_but_never_more(scene, administrator):
    request = ask(scene.doctor, scene.study)
    soon = timezone.now() + timedelta(days=1)
    approve(administrator, request, permissions=("view", "report", "share"), valid_until=soon)
    grant = Grant.objects.get()
    assert (grant.permissions, grant.valid_until) == (["view"], soon)
    other = AccessRequestFactory(study=scene.study)
    approve(administrator, other, valid_until=timezone.now() + timedelta(days=300))
    other.refresh_from_db()
    assert other.grant.valid_until == other.wanted_until


def test_a_request_is_declined_with_a_reason(scene, administrator, django_capture_on_commit_callbacks):
    request = ask(scene.doctor, scene.study)
    with pytest.raises(DecisionWithoutReason):
        decline_request(actor=actor_for(administrator), administrator=administrator, request_id=request.pk, reason=" ")
    with django_capture_on_commit_callbacks(execute=True):
        decline_request(
            actor=actor_for(administrator),
            administrator=administrator,
            request_id=request.pk,
            reason="Not your patient",
        )
    request.refresh_from_db()
    assert (request.state, request.decision_reason) == (RequestState.DECLINED, "Not your patient")
    assert not Grant.objects.exists()
    assert mail.outbox[-1].to == [scene.doctor.email]
    assert "Not your patient" not in mail.outbox[-1].body


def test_nobody_else_decides(scene, administrator):
    request = ask(scene.doctor, scene.study)
    others = [
        scene.other_administrator,
        scene.doctor,
        *(scene.person(role) for role in Role if role != Role.INSTITUTION_ADMINISTRATOR),
    ]
    before = acts().count()
    for person in others:
        with pytest.raises(NotYours):
            approve(person, request)
        with pytest.raises(NotYours):
            decline_request(actor=actor_for(person), administrator=person, request_id=request.pk, reason="no reason")
    assert not Grant.objects.exists()
    assert acts().count() == before


def test_nobody_approves_their_own_request(scene, administrator):
    radiologist = AccessRequestFactory(study=scene.study).requester
    radiologist.memberships.create(
        institution=scene.study.server.institution, role=Role.INSTITUTION_ADMINISTRATOR, since=timezone.now()
    )
    with pytest.raises(NotYours):
        approve(radiologist, AccessRequest.objects.get())
    assert not Grant.objects.exists()


def test_a_request_is_decided_once(scene, administrator):
    request = ask(scene.doctor, scene.study)
    approve(administrator, request)
    with pytest.raises(RequestDecided):
        approve(administrator, request)
    with pytest.raises(RequestDecided):
        withdraw_request(actor=actor_for(scene.doctor), person=scene.doctor, request_id=request.pk)
    assert Grant.objects.count() == 1


def test_who_is_no_doctor_any_more_gets_nothing(scene, administrator):
    request = ask(scene.doctor, scene.study)
    scene.doctor.memberships.update(ended_at=timezone.now())
    with pytest.raises(UnknownGrantee):
        approve(administrator, request)
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"reason": "please"}, RequestWithoutReason),
        ({"permissions": ("download",)}, GrantWithoutView),
        ({"permissions": ("view", "share")}, ShareNotAllowed),
        ({"valid_until": timezone.now() - timedelta(days=1)}, GrantEndsBeforeItBegins),
        ({"valid_until": timezone.now() + timedelta(days=500)}, RequestTooLong),
    ],
)
def test_what_cannot_be_asked_for(scene, changes, error):
    with pytest.raises(error):
        ask(scene.doctor, scene.study, **changes)
    assert not AccessRequest.objects.exists()
    assert not acts().exists()


def test_one_request_waits_at_a_time_and_it_can_be_taken_back(scene):
    request = ask(scene.doctor, scene.study)
    with pytest.raises(RequestedAlready):
        ask(scene.doctor, scene.study)
    with pytest.raises(NotYours):
        withdraw_request(
            actor=actor_for(scene.other_administrator), person=scene.other_administrator, request_id=request.pk
        )
    withdraw_request(actor=actor_for(scene.doctor), person=scene.doctor, request_id=request.pk)
    ask(scene.doctor, scene.study)
    assert AccessRequest.objects.filter(state=RequestState.OPEN).count() == 1


def test_who_has_it_need_not_ask(scene):
    with pytest.raises(AllowedAlready):
        ask(radiologist_of(scene.study.server.institution), scene.study)


@pytest.mark.parametrize("role", [Role.PATIENT, Role.CONSULTANT, Role.AUDITOR, Role.INSTITUTION_ADMINISTRATOR])
def test_only_doctors_ask(scene, role):
    with pytest.raises(NotYours):
        ask(scene.person(role), scene.study)
    assert not AccessRequest.objects.exists()


def test_what_an_administrator_approved_outlives_their_own_access(scene, administrator):
    request = ask(scene.doctor, scene.study)
    own = GrantFactory(user=administrator, study=scene.study)
    approve(administrator, request)
    revoke_grant(actor=actor_for(own.granted_by), revoker=own.granted_by, grant_id=own.pk)
    assert explain(scene.doctor, scene.study).allowed


def test_the_pages_ask_approve_and_decline(client, scene, administrator):
    client.force_login(scene.doctor)
    until = f"{timezone.localdate() + WEEK:%Y-%m-%d}"
    url = f"/break-glass/{scene.study.study_instance_uid}/request/?server={scene.study.server_id}"
    assert client.get(url).status_code == 200
    asked = client.post(url, {"permissions": ["view"], "valid_until": until, "reason": REASON})
    assert asked.status_code == 302
    request = AccessRequest.objects.get()
    assert request.last_day == timezone.localdate() + WEEK
    assert "Waiting" in client.get("/break-glass/").content.decode()
    client.force_login(administrator)
    assert REASON in client.get("/access/").content.decode()
    answer = client.post(f"/access/requests/{request.pk}/approve/", {"permissions": ["view"], "valid_until": until})
    assert answer.status_code == 302
    assert explain(scene.doctor, scene.study).allowed
    assert explain(scene.doctor, scene.study).until == request.wanted_until


def test_another_institutions_administrator_cannot_reach_a_request(client, scene, administrator):
    request = AccessRequestFactory(study=scene.study)
    client.force_login(scene.other_administrator)
    assert REASON not in client.get("/access/").content.decode()
    before = acts().count()
    until = f"{timezone.localdate() + WEEK:%Y-%m-%d}"
    answers = [
        client.post(f"/access/requests/{request.pk}/approve/", {"permissions": ["view"], "valid_until": until}),
        client.post(f"/access/requests/{request.pk}/decline/", {"reason": "no reason"}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert acts().count() == before + 2
    assert not Grant.objects.exists()
