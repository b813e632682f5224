"""`/api/v1/grants/`: giving, reading and revoking by REST."""

import base64
from datetime import timedelta
from urllib.parse import quote_plus

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from knox.models import AuthToken

from audit.models import Action, AuditEvent
from portal.grants.models import Grant, Revocation
from portal.grants.policy import explain
from portal.institutions.models import Role
from tests.portal.grants.factories import (
    GrantFactory,
    MembershipFactory,
    UserFactory,
    make_patient_study,
    radiologist_of,
)

pytestmark = pytest.mark.django_db
URL = "/api/v1/grants/"


@pytest.fixture
def study():
    return make_patient_study()


@pytest.fixture
def giver(study):
    return radiologist_of(study.server.institution)


def headers_of(user) -> dict[str, str]:
    return {"Authorization": f"Token {AuthToken.objects.create(user)[1]}"}


def body(study, receiver, **changes):
    return {
        "grantee": receiver.username,
        "study_instance_uid": study.study_instance_uid,
        "permissions": ["view", "download"],
        "valid_until": (timezone.now() + timedelta(days=3)).isoformat(),
        "reason": "Second opinion",
        **changes,
    }


def post(client, user, data):
    return client.post(URL, data, content_type="application/json", headers=headers_of(user))


def test_a_grant_is_given_read_and_revoked(client, study, giver):
    grantee = UserFactory()
    made = post(client, giver, body(study, grantee))
    assert made.status_code == 201
    given = made.json()
    assert given["grantee"] == {"id": str(grantee.subject), "name": grantee.full_name}
    assert given["study_instance_uid"] == study.study_instance_uid
    assert given["server"] == str(study.server_id)
    assert (given["permissions"], given["whole_patient"], given["is_running"]) == (["view", "download"], False, True)
    assert given["granted_by"]["id"] == str(giver.subject)
    assert parse_datetime(given["valid_until"]) > timezone.now()
    for person in (giver, grantee):
        assert client.get(f"{URL}{given['id']}/", headers=headers_of(person)).json() == given
        listed = client.get(URL, headers=headers_of(person)).json()
        assert listed == {"next": None, "previous": None, "results": [given]}
    assert client.delete(f"{URL}{given['id']}/", headers=headers_of(giver)).status_code == 204
    assert not explain(grantee, study).allowed
    revoked = client.get(f"{URL}{given['id']}/", headers=headers_of(giver)).json()
    assert revoked["revoked_by"]["id"] == str(giver.subject)
    assert not revoked["is_running"]


def test_a_patients_history_names_no_study(client, study, giver):
    given = post(client, giver, body(study, UserFactory(), whole_patient=True)).json()
    assert (given["study_instance_uid"], given["server"], given["whole_patient"]) == (None, None, True)


def test_the_list_pages_newest_first(client, study, giver):
    now = timezone.now()
    grants = [GrantFactory(study=study, granted_by=giver, granted_at=now + timedelta(seconds=n)) for n in range(3)]
    first = client.get(URL, {"page_size": 2}, headers=headers_of(giver)).json()
    assert [one["id"] for one in first["results"]] == [str(grants[2].pk), str(grants[1].pk)]
    second = client.get(first["next"], headers=headers_of(giver)).json()
    assert [one["id"] for one in second["results"]] == [str(grants[0].pk)]


def test_the_list_asks_the_database_as_often_for_many_as_for_one(client, study, giver, django_assert_max_num_queries):
    for _ in range(5):
        GrantFactory(study=study, granted_by=giver)
    headers = headers_of(giver)
    with django_assert_max_num_queries(8):
        client.get(URL, headers=headers)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_until": (timezone.now() - timedelta(days=1)).isoformat()}, "grant_ends_before_it_begins"),
        ({"permissions": ["download"]}, "grant_without_view"),
        ({"grantee": "nobody-of-this-name"}, "unknown_grantee"),
        ({"permissions": ["everything"]}, "request_invalid"),
        ({"valid_until": "soon"}, "request_invalid"),
        ({"grantee": ""}, "request_invalid"),
        ({"study_instance_uid": "../../etc/passwd"}, "request_invalid"),
        ({"server": "nonsense"}, "request_invalid"),
        ({"reason": "x" * 1001}, "request_invalid"),
        ({"permissions": ["view"] * 9}, "request_invalid"),
    ],
)
def test_a_wrong_request_is_a_problem_and_gives_nothing(client, study, giver, changes, code):
    answer = post(client, giver, body(study, UserFactory(), **changes))
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert not Grant.objects.exists()


def test_a_grant_to_oneself_is_refused(client, study, giver):
    assert post(client, giver, body(study, giver)).json()["code"] == "grant_to_oneself"


def test_fields_that_are_not_the_callers_to_set_are_passed_over(client, study, giver):
    other = UserFactory()
    answer = post(client, giver, body(study, UserFactory(), granted_by=str(other.subject), revoked_at=None, id="1"))
    assert Grant.objects.get(pk=answer.json()["id"]).granted_by == giver


def test_who_may_not_share_is_told_so_and_it_is_recorded_once(client, study):
    viewer = GrantFactory(study=study).user
    answer = post(client, viewer, body(study, UserFactory()))
    assert answer.status_code == 403
    assert answer.json()["code"] == "share_not_allowed"
    assert Grant.objects.count() == 1
    assert AuditEvent.objects.get().action == Action.ACCESS_DENIED


def test_who_does_not_see_the_study_is_told_that_it_is_not_there_and_it_is_recorded_once(client, study):
    answer = post(client, UserFactory(), body(study, UserFactory()))
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert not Grant.objects.exists()
    event = AuditEvent.objects.get()
    assert (event.action, event.study_instance_uid) == (Action.ACCESS_DENIED, study.study_instance_uid)


@pytest.mark.parametrize("method", ["get", "delete"])
@pytest.mark.parametrize("who", ["anonymous", "stranger", "other administrator", "colleague"])
def test_a_grant_of_others_does_not_exist(client, study, giver, method, who):
    grant = GrantFactory(study=study, granted_by=giver)
    headers = {}
    if who == "stranger":
        headers = headers_of(UserFactory())
    elif who == "other administrator":
        headers = headers_of(MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user)
    elif who == "colleague":
        headers = headers_of(radiologist_of(study.server.institution))
    answer = getattr(client, method)(f"{URL}{grant.pk}/", headers=headers)
    assert answer.status_code == (401 if who == "anonymous" else 404)
    assert str(grant.user.full_name) not in answer.content.decode()
    grant.refresh_from_db()
    assert grant.revoked_at is None
    assert not Revocation.objects.exists()
    assert AuditEvent.objects.get().action == Action.ACCESS_DENIED


def test_the_receiver_reads_the_grant_and_does_not_revoke_it(client, study, giver):
    grant = GrantFactory(study=study, granted_by=giver)
    assert client.get(f"{URL}{grant.pk}/", headers=headers_of(grant.user)).status_code == 200
    assert client.delete(f"{URL}{grant.pk}/", headers=headers_of(grant.user)).status_code == 404
    grant.refresh_from_db()
    assert grant.revoked_at is None


def test_a_browser_session_needs_the_csrf_token(study, giver):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(giver)
    answer = browser.post(URL, body(study, UserFactory()), content_type="application/json")
    assert answer.status_code == 403
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "position", ["2026", "x", "2026-01-01 00:00:00", "0001-01-01 00:00:00+14:00", "2026-13-01 00:00:00+00:00"]
)
def test_a_cursor_that_is_no_moment_leads_nowhere(client, position):
    cursor = base64.b64encode(f"p={quote_plus(position)}".encode()).decode()
    answer = client.get(URL, {"cursor": cursor}, headers=headers_of(UserFactory()))
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
