"""`/api/v1/grants/`: for whom access is, who reads what of it, and the filters of the list."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.grants.models import Grant, GrantKind
from portal.grants.policy import explain
from portal.institutions.models import Role
from portal.invitations.models import Invitation
from tests.portal.grants.factories import (
    DicomServerFactory,
    GrantFactory,
    InstitutionFactory,
    MembershipFactory,
    UserFactory,
    make_patient_study,
    radiologist_of,
)
from tests.portal.grants.test_api import URL, body, headers_of, post

pytestmark = pytest.mark.django_db
ADDRESS = "kaya@ankara.example"
FIELDS = {
    "id",
    "kind",
    "recipient",
    "grantee",
    "study_instance_uid",
    "server",
    "whole_patient",
    "permissions",
    "valid_from",
    "valid_until",
    "reason",
    "granted_by",
    "granted_at",
    "revoked_at",
    "revoked_by",
    "last_used_at",
    "is_running",
}


@pytest.fixture
def study():
    return make_patient_study()


@pytest.fixture
def giver(study):
    return radiologist_of(study.server.institution)


@pytest.fixture
def elsewhere():
    return InstitutionFactory(code="codru", short_name="Codru")


def to_role(study, **changes):
    asked = body(study, UserFactory(), role="radiologist", institution="codru")
    del asked["grantee"]
    return {**asked, **changes}


def listed(client, user, **query) -> set[str]:
    answer = client.get(URL, query, headers=headers_of(user))
    assert answer.status_code == 200
    return {one["id"] for one in answer.json()["results"]}


def keys_of(*grants) -> set[str]:
    return {str(grant.pk) for grant in grants}


def test_a_role_elsewhere_is_given_access_and_its_members_read_it(client, study, giver, elsewhere):
    made = post(client, giver, to_role(study))
    assert made.status_code == 201
    given = made.json()
    assert set(given) == FIELDS
    assert given["recipient"] == {
        "kind": "role",
        "name": "Radiologist, Codru",
        "person": None,
        "role": "radiologist",
        "institution": {"code": "codru", "name": elsewhere.name, "short_name": "Codru"},
        "email": None,
    }
    assert (given["grantee"], given["kind"], given["last_used_at"]) == (None, "given", None)
    member = radiologist_of(elsewhere)
    assert client.get(f"{URL}{given['id']}/", headers=headers_of(member)).json() == given
    assert explain(member, study).permissions == ("view", "download")
    stranger = MembershipFactory(institution=elsewhere, role=Role.REFERRING_DOCTOR).user
    assert client.get(f"{URL}{given['id']}/", headers=headers_of(stranger)).status_code == 404
    assert client.delete(f"{URL}{given['id']}/", headers=headers_of(member)).status_code == 404
    assert explain(member, study).allowed


def test_what_is_told_of_an_address_is_alike_whether_or_not_somebody_has_an_account(client, study, giver):
    person = UserFactory()
    person.emailaddress_set.create(email="known@ankara.example", verified=True)
    asked = {
        address: post(client, giver, body(study, person, grantee=address))
        for address in ("known@ankara.example", "nobody@ankara.example")
    }
    assert [answer.status_code for answer in asked.values()] == [201, 201]
    assert Invitation.objects.count() == 2
    shown = [answer.json() for answer in asked.values()]
    shown += [client.get(f"{URL}{one['id']}/", headers=headers_of(giver)).json() for one in shown]
    for one, address in zip(shown, [*asked] * 2, strict=True):
        assert one["recipient"] == {
            "kind": "email",
            "name": address,
            "person": None,
            "role": None,
            "institution": None,
            "email": address,
        }
        assert one["grantee"] is None
        assert person.full_name not in str(one)
        assert str(person.subject) not in str(one)
    own = client.get(f"{URL}{shown[0]['id']}/", headers=headers_of(person)).json()
    assert own["grantee"] == {"id": str(person.subject), "name": person.full_name}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"role": "patient"}, "request_invalid"),
        ({"role": "institution_administrator"}, "request_invalid"),
        ({"institution": "nowhere"}, "request_invalid"),
        ({"grantee": "somebody"}, "request_invalid"),
        ({"institution": None}, "request_invalid"),
    ],
)
def test_a_wrong_role_is_a_problem_and_gives_nothing(client, study, giver, elsewhere, changes, code):
    answer = post(client, giver, to_role(study, **changes))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Grant.objects.exists()


@pytest.mark.parametrize("missing", ["role", "institution"])
def test_half_a_role_is_a_problem(client, study, giver, elsewhere, missing):
    asked = to_role(study)
    del asked[missing]
    assert post(client, giver, asked).status_code == 400
    assert not Grant.objects.exists()


def test_the_owners_own_radiologists_are_refused_kindly(client, study, giver):
    answer = post(client, giver, to_role(study, institution=study.server.institution.code))
    assert (answer.status_code, answer.json()["code"]) == (400, "role_sees_it")
    assert not Grant.objects.exists()


def test_nothing_secret_is_written_or_read(client, study, giver):
    hostile = {
        "kind": "break_glass",
        "without_identity": True,
        "deidentification_key": "ab" * 32,
        "pseudonym": "X",
        "addressed_as": ADDRESS,
        "email": ADDRESS,
        "user": 1,
        "role_institution": 1,
        "granted_by": str(UserFactory().subject),
        "granted_at": "2020-01-01T00:00:00Z",
        "revoked_at": "2020-01-01T00:00:00Z",
        "last_used_at": "2020-01-01T00:00:00Z",
        "end_told_at": "2020-01-01T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000000",
    }
    before = timezone.now()
    made = post(client, giver, body(study, UserFactory(), **hostile))
    grant = Grant.objects.get()
    assert str(grant.pk) == made.json()["id"] != hostile["id"]
    assert (grant.kind, grant.granted_by, grant.email, grant.addressed_as) == (GrantKind.GIVEN, giver, "", "")
    assert (grant.without_identity, grant.deidentification_key, grant.pseudonym) == (False, "", "")
    assert (grant.revoked_at, grant.last_used_at, grant.end_told_at) == (None, None, None)
    assert grant.granted_at >= before
    assert set(made.json()) == FIELDS


def test_a_grant_is_changed_by_no_method(client, study, giver):
    grant = GrantFactory(study=study, granted_by=giver)
    for method in ("put", "patch", "post"):
        answer = getattr(client, method)(
            f"{URL}{grant.pk}/", {"valid_until": "2099-01-01T00:00:00Z"}, "application/json", headers=headers_of(giver)
        )
        assert answer.status_code == 405
    until = grant.valid_until
    grant.refresh_from_db()
    assert grant.valid_until == until


def test_who_received_it_without_identity_does_not_read_the_study_in_it(client, study, giver):
    key = "ab" * 32
    grant = GrantFactory(study=study, granted_by=giver, without_identity=True, deidentification_key=key)
    assert listed(client, grant.user) == set()
    answer = client.get(f"{URL}{grant.pk}/", headers=headers_of(grant.user))
    assert answer.status_code == 404
    assert AuditEvent.objects.get(action=Action.ACCESS_DENIED).details["tried"] == "grant"
    told = client.get(f"{URL}{grant.pk}/", headers=headers_of(giver))
    assert told.json()["study_instance_uid"] == study.study_instance_uid
    assert key not in told.content.decode()


def test_the_list_is_narrowed_by_part_and_by_whether_it_runs(client, study, giver):
    received = GrantFactory(user=giver)
    running = GrantFactory(study=study, granted_by=giver)
    ended = GrantFactory(study=study, granted_by=giver, valid_until=timezone.now() - timedelta(minutes=1))
    revoked = GrantFactory(study=study, granted_by=giver, revoked_at=timezone.now())
    later = GrantFactory(study=study, granted_by=giver, valid_from=timezone.now() + timedelta(days=1))
    GrantFactory(study=study)
    given = keys_of(running, ended, revoked, later)
    assert listed(client, giver) == given | keys_of(received)
    assert listed(client, giver, part="given") == given
    assert listed(client, giver, part="received") == keys_of(received)
    assert listed(client, giver, running="true") == keys_of(running, received)
    assert listed(client, giver, running="false", part="given") == keys_of(ended, revoked, later)


def test_the_list_is_narrowed_to_a_study_and_its_patient(client, study, giver):
    owner = study.server.institution
    other = make_patient_study(DicomServerFactory(institution=owner), study_instance_uid=study.study_instance_uid)
    administrator = MembershipFactory(institution=owner, role=Role.INSTITUTION_ADMINISTRATOR).user
    of_study = GrantFactory(study=study, granted_by=giver)
    of_patient = GrantFactory(study=None, patient=study.patient, granted_by=giver)
    of_copy = GrantFactory(study=other, granted_by=giver)
    GrantFactory(study=make_patient_study(study.server), granted_by=giver)
    uid = study.study_instance_uid
    for reader in (giver, administrator):
        assert listed(client, reader, study_instance_uid=uid) == keys_of(of_study, of_patient, of_copy)
        narrowed = listed(client, reader, study_instance_uid=uid, server=str(other.server_id))
        assert narrowed == keys_of(of_copy)
    assert listed(client, of_study.user, study_instance_uid=uid) == keys_of(of_study)
    assert listed(client, UserFactory(), study_instance_uid=uid) == set()


@pytest.mark.parametrize(
    "query",
    [{"part": "all"}, {"running": "yes"}, {"study_instance_uid": "1..2"}, {"server": "x"}, {"user": "1"}],
)
def test_a_filter_that_cannot_be_read_is_a_problem(client, giver, query):
    answer = client.get(URL, query, headers=headers_of(giver))
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")


def test_the_list_says_when_access_was_last_used(client, study, giver):
    grant = GrantFactory(study=study, granted_by=giver)
    path = f"/api/v1/studies/{study.study_instance_uid}/"
    assert client.get(path, headers=headers_of(grant.user)).status_code == 200
    used = client.get(f"{URL}{grant.pk}/", headers=headers_of(giver)).json()["last_used_at"]
    grant.refresh_from_db()
    assert grant.last_used_at is not None
    assert used.startswith(timezone.localtime(grant.last_used_at).isoformat()[:19])
