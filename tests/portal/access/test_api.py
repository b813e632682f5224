"""Exceptional access by REST: why, break-glass, requests, conflicts."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from knox.models import AuthToken

from audit.models import Action, Outcome
from portal.access.models import AccessRequest
from portal.access.tries import MOST_TRIES
from portal.accounts.models import NationalIdentity
from portal.grants.models import Grant, IdentityRuling
from portal.grants.policy import explain
from portal.institutions.models import Role
from tests.portal.access.factories import REASON, AccessRequestFactory, Scene, acts
from tests.portal.grants.factories import make_patient_study, national_patient, patient_person, radiologist_of

pytestmark = pytest.mark.django_db
API = "/api/v1/"


@pytest.fixture(autouse=True)
def _no_tries():
    cache.clear()


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture
def administrator(scene):
    return scene.person(Role.INSTITUTION_ADMINISTRATOR)


def call(client, method, user, path, data=None):
    headers = {"Authorization": f"Token {AuthToken.objects.create(user)[1]}"}
    return getattr(client, method)(f"{API}{path}", data, content_type="application/json", headers=headers)


def why(client, user, study, query=""):
    return call(client, "get", user, f"studies/{study.study_instance_uid}/access/{query}")


def test_a_reader_is_told_why(client, scene):
    radiologist = radiologist_of(scene.study.server.institution)
    told = why(client, radiologist, scene.study).json()
    assert told["allowed"]
    assert told["rule"] == "radiologist_of_institution"
    assert told["permissions"] == ["view", "download", "report", "share"]
    assert (told["until"], told["also_true"], told["checked"]) == (None, [], [])
    event = acts().get()
    assert (event.action, event.rule) == (Action.ACCESS_EXPLAINED, "radiologist_of_institution")


@pytest.mark.parametrize("query", ["", "?person={subject}"])
def test_who_may_not_see_it_learns_nothing(client, scene, query):
    radiologist = radiologist_of(scene.study.server.institution)
    answer = why(client, scene.doctor, scene.study, query.format(subject=radiologist.subject))
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert [(event.action, event.outcome) for event in acts()] == [(Action.ACCESS_DENIED, Outcome.DENIED)]


def test_a_reader_is_not_told_about_others(client, scene):
    radiologist = radiologist_of(scene.study.server.institution)
    assert why(client, radiologist, scene.study, f"?person={scene.doctor.subject}").status_code == 404


def test_the_owners_administrator_is_told_about_anybody(client, scene, administrator):
    told = why(client, administrator, scene.study, f"?person={scene.doctor.subject}").json()
    assert (told["allowed"], told["rule"]) == (False, "none")
    assert told["person"]["id"] == str(scene.doctor.subject)
    assert {rule["rule"] for rule in told["checked"]} >= {"own_study", "study_grant", "break_glass"}
    assert not any(rule["holds"] for rule in told["checked"])
    own = why(client, administrator, scene.study).json()
    assert (own["allowed"], own["person"]["id"]) == (False, str(administrator.subject))


@pytest.mark.parametrize("query", ["?person=nonsense", "?person=00000000-0000-4000-8000-000000000000"])
def test_nobody_of_that_number_is_absent(client, scene, administrator, query):
    assert why(client, administrator, scene.study, query).status_code == 404
    assert acts().count() == 1


def test_another_institutions_administrator_is_told_nothing(client, scene):
    answer = why(client, scene.other_administrator, scene.study, f"?person={scene.doctor.subject}")
    assert answer.status_code == 404
    assert acts().get().action == Action.ACCESS_DENIED


def test_a_doctor_breaks_the_glass_and_closes_it(client, scene):
    data = {"study_instance_uid": scene.study.study_instance_uid, "reason": REASON}
    opened = call(client, "post", scene.doctor, "break-glass/", data)
    assert opened.status_code == 201
    assert opened.json()["permissions"] == ["view"]
    assert explain(scene.doctor, scene.study).allowed
    assert call(client, "delete", scene.doctor, f"grants/{opened.json()['id']}/").status_code == 204
    assert not explain(scene.doctor, scene.study).allowed


def test_a_short_reason_has_a_code(client, scene):
    data = {"study_instance_uid": scene.study.study_instance_uid, "reason": "emergency"}
    answer = call(client, "post", scene.doctor, "break-glass/", data)
    assert (answer.status_code, answer.json()["code"]) == (400, "reason_too_short")
    assert not Grant.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.RADIOLOGIST, Role.REFERRING_DOCTOR)])
@pytest.mark.parametrize("path", ["break-glass/", "access-requests/"])
def test_nobody_but_doctors_opens_or_asks(client, scene, role, path):
    until = (timezone.now() + timedelta(days=1)).isoformat()
    data = {"study_instance_uid": scene.study.study_instance_uid, "reason": REASON, "valid_until": until}
    assert call(client, "post", scene.person(role), path, data).status_code == 404
    assert acts().get().action == Action.ACCESS_DENIED
    assert not Grant.objects.exists()
    assert not AccessRequest.objects.exists()


def test_guessing_is_stopped(client, scene):
    data = {"study_instance_uid": "1.2.3.4", "reason": REASON}
    answers = [call(client, "post", scene.doctor, "break-glass/", data).status_code for _ in range(MOST_TRIES)]
    assert answers == [404] * MOST_TRIES
    data["study_instance_uid"] = scene.study.study_instance_uid
    stopped = call(client, "post", scene.doctor, "break-glass/", data)
    assert (stopped.status_code, stopped.json()["code"]) == (429, "too_many_requests")
    assert not Grant.objects.exists()


def test_a_request_is_made_listed_and_approved(client, scene, administrator):
    until = timezone.now() + timedelta(days=3)
    data = {
        "study_instance_uid": scene.study.study_instance_uid,
        "permissions": ["view", "download"],
        "valid_until": until.isoformat(),
        "reason": REASON,
    }
    made = call(client, "post", scene.doctor, "access-requests/", data)
    assert made.status_code == 201
    asked = made.json()
    assert (asked["state"], asked["grant"], asked["decided_by"]) == ("open", None, None)
    for person in (scene.doctor, administrator):
        assert call(client, "get", person, "access-requests/").json()["results"] == [asked]
        assert call(client, "get", person, f"access-requests/{asked['id']}/").json() == asked
    again = call(client, "post", scene.doctor, "access-requests/", data)
    assert (again.status_code, again.json()["code"]) == (400, "requested_already")
    given = {"permissions": ["view"]}
    decided = call(client, "post", administrator, f"access-requests/{asked['id']}/approve/", given).json()
    assert decided["state"] == "approved"
    grant = Grant.objects.get(pk=decided["grant"])
    assert (grant.permissions, grant.valid_until) == (["view"], until)


def test_a_request_is_declined_or_withdrawn(client, scene, administrator):
    first, second = AccessRequestFactory(study=scene.study), AccessRequestFactory(study=scene.study)
    answer = call(client, "post", administrator, f"access-requests/{first.pk}/decline/", {"reason": "Not your patient"})
    assert answer.json()["state"] == "declined"
    assert call(client, "delete", second.requester, f"access-requests/{second.pk}/").status_code == 204
    second.refresh_from_db()
    assert second.state == "withdrawn"
    late = call(client, "post", administrator, f"access-requests/{second.pk}/approve/", {})
    assert (late.status_code, late.json()["code"]) == (400, "request_decided")


def test_a_request_of_others_is_absent(client, scene):
    request = AccessRequestFactory(study=scene.study)
    for person in (scene.doctor, scene.other_administrator):
        before = acts().count()
        assert call(client, "get", person, "access-requests/").json()["results"] == []
        answers = [
            call(client, "get", person, f"access-requests/{request.pk}/"),
            call(client, "delete", person, f"access-requests/{request.pk}/"),
            call(client, "post", person, f"access-requests/{request.pk}/approve/", {}),
            call(client, "post", person, f"access-requests/{request.pk}/decline/", {"reason": "no reason"}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
        assert acts().count() == before + 4
    request.refresh_from_db()
    assert request.is_open


def test_conflicts_are_read_ruled_on_and_undone(client, scene, administrator):
    stranger = make_patient_study(patient=national_patient(patient_birth_date="19990101", patient_name="Rusu^Ion"))
    identity = NationalIdentity.objects.get(user=patient_person())
    listed = call(client, "get", administrator, "identity-conflicts/").json()
    assert listed == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": identity.pk,
                "issuer": "IDNP",
                "national_id": identity.national_id,
                "is_open": True,
                "number_of_descriptions": 2,
            }
        ],
    }
    path = f"identity-conflicts/{identity.pk}/"
    told = {one["id"]: one for one in call(client, "get", administrator, path).json()["descriptions"]}
    other = told[stranger.patient_id]
    assert (other["patient_name"], other["has_same_name"], other["senders"]) == (None, False, [])
    assert told[scene.study.patient_id]["patient_name"] == scene.study.patient.patient_name
    ruling = f"{path}descriptions/{scene.study.patient_id}/ruling/"
    data = {"is_the_bearer": False, "reason": "Compared the passport"}
    assert not call(client, "put", administrator, ruling, data).json()["is_open"]
    assert call(client, "delete", administrator, ruling).json()["is_open"]
    forbidden = f"{path}descriptions/{stranger.patient_id}/ruling/"
    assert call(client, "put", administrator, forbidden, data).status_code == 404
    assert call(client, "delete", administrator, ruling).status_code == 404
    assert IdentityRuling.objects.filter(undone_at__isnull=True).count() == 0


def test_conflicts_are_absent_for_others(client, scene):
    identity = NationalIdentity.objects.get(user=patient_person())
    make_patient_study(patient=national_patient(patient_birth_date="19990101"))
    for person in (scene.doctor, scene.person(Role.RADIOLOGIST), identity.user):
        before = acts().count()
        for path in ("identity-conflicts/", f"identity-conflicts/{identity.pk}/"):
            assert call(client, "get", person, path).status_code == 404
        assert acts().count() == before + 2


@pytest.mark.parametrize(
    "path", ["access-requests/", "identity-conflicts/", "studies/1.2.3/access/", "identity-conflicts/1/"]
)
def test_signed_out_is_401(client, path):
    answer = client.get(f"{API}{path}")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert acts().get().action == Action.ACCESS_DENIED
