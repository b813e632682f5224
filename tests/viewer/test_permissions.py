"""Every way to reach a study against everybody who may not: nothing comes out, and exactly one event is written."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from audit.models import Action, AuditEvent
from portal.grants.models import AssignmentPart, Grant
from portal.institutions.models import Role
from tests.portal.accounts.factories import NATIONAL_IDS
from tests.portal.grants.factories import (
    AssignmentFactory,
    GrantFactory,
    InstitutionFactory,
    MembershipFactory,
    UserFactory,
    doctor_of,
    make_name,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)
from viewer.models import ViewingSession

pytestmark = pytest.mark.django_db
MARKS = ("Munteanu", "Quarterstaff", "ACC-77-01", "2099031001472")
"""Name, description, accession number and national ID of the study, which no denied answer may hold."""


@pytest.fixture
def study():
    return make_patient_study(
        patient=national_patient(patient_name=make_name("Munteanu^Elena")),
        study_description="Quarterstaff",
        accession_number="ACC-77-01",
    )


class Way:
    """One address by which a study can be reached, asked by a browser session or by an API token."""

    def __init__(self, name, path, *, by_token=False, method="get", lists=False, shows=True, data=None, bare=False):
        self.name, self.path, self.by_token, self.method = name, path, by_token, method
        self.lists, self.shows, self.data, self.bare = lists, shows, data, bare

    def __str__(self) -> str:
        return self.name

    def ask(self, person, study):
        client, headers = Client(raise_request_exception=True), {}
        if person is not None and self.by_token:
            # A token outlives what its person may do; that it was made says nothing.
            headers = {"Authorization": f"Token {AuthToken.objects.create(person)[1]}"}
        elif person is not None:
            client.force_login(person)
        if self.name == "rows":
            headers["HX-Request"] = "true"
        events = set(AuditEvent.objects.values_list("pk", flat=True))
        path = self.path.format(uid=study.study_instance_uid)
        path = path if self.bare else f"{path}?server={study.server_id}"
        data = self.data and self.data(study)
        content = {"content_type": "application/json"} if self.by_token and data else {}
        answer = getattr(client, self.method)(path, data, headers=headers, **content)
        return answer, list(AuditEvent.objects.exclude(pk__in=events))


def form(study):
    until = timezone.localdate() + timedelta(days=2)
    return {"grantee": "colleague", "what": "study", "permissions": ["view"], "valid_until": str(until)}


def body(study):
    until = timezone.now() + timedelta(days=2)
    return {
        "grantee": "colleague",
        "study_instance_uid": study.study_instance_uid,
        "server": str(study.server_id),
        "valid_until": until.isoformat(),
    }


def taken_out(study):
    return {"how": "pdf", "images": 3}


WAYS = [
    Way("worklist", "/worklist/", lists=True),
    Way("rows", "/worklist/", lists=True),
    Way("panel", "/worklist/panel/{uid}/"),
    Way("study page", "/studies/{uid}/"),
    Way("study page without server", "/studies/{uid}/", bare=True),
    Way("viewer page", "/viewer/{uid}/"),
    Way("API list", "/api/v1/studies/", lists=True, by_token=True),
    Way("API detail", "/api/v1/studies/{uid}/", by_token=True),
    Way("viewer token", "/api/v1/studies/{uid}/viewer-token/", by_token=True, method="post", shows=False),
    Way("annotations", "/api/v1/studies/{uid}/annotations/", by_token=True, shows=False),
    Way("taken out", "/api/v1/studies/{uid}/taken-out/", by_token=True, method="post", shows=False, data=taken_out),
    Way("access form", "/studies/{uid}/access/", method="post", shows=False, data=form),
    Way("grants", "/api/v1/grants/", by_token=True, method="post", shows=False, data=body, bare=True),
]


def _hours(number):
    return timezone.now() + timedelta(hours=number)


def _suspended(study):
    person = radiologist_of(study.server.institution)
    type(person).objects.filter(pk=person.pk).update(is_active=False)
    return person


def _assignment_ended(study):
    radiologist = radiologist_of(InstitutionFactory())
    return AssignmentFactory(user=radiologist, study=study, ended_at=timezone.now()).user


def _doctor_elsewhere(study):
    doctor = doctor_of(InstitutionFactory())
    AssignmentFactory(user=doctor, study=None, patient=study.patient, part=AssignmentPart.REFERRING_DOCTOR)
    return doctor


STRANGERS = {
    "anonymous": lambda study: None,
    "nobody": lambda study: UserFactory(),
    "superuser flags": lambda study: UserFactory(is_superuser=True, is_staff=True),
    "other radiologist": lambda study: radiologist_of(InstitutionFactory()),
    "other administrator": lambda study: MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user,
    "own administrator": lambda study: (
        MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=study.server.institution).user
    ),
    "system administrator": lambda study: (
        MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR, institution=study.server.institution).user
    ),
    "auditor": lambda study: MembershipFactory(role=Role.AUDITOR, institution=study.server.institution).user,
    "other doctor": _doctor_elsewhere,
    "unnamed doctor": lambda study: doctor_of(study.server.institution),
    "other patient": lambda study: patient_person(NATIONAL_IDS[1]),
    "consultant without grant": lambda study: MembershipFactory(role=Role.CONSULTANT).user,
    "expired grant": lambda study: GrantFactory(study=study, valid_from=_hours(-2), valid_until=_hours(-1)).user,
    "revoked grant": lambda study: GrantFactory(study=study, revoked_at=timezone.now()).user,
    "grant not begun": lambda study: GrantFactory(study=study, valid_from=_hours(1)).user,
    "grant without view": lambda study: GrantFactory(study=study, permissions=["download", "share"]).user,
    "assignment taken back": _assignment_ended,
    "ended membership": lambda study: radiologist_of(study.server.institution, ended_at=timezone.now()),
    "suspended": _suspended,
}
ALLOWED = {
    "radiologist": lambda study: radiologist_of(study.server.institution),
    "patient": lambda study: patient_person(),
    "sharing grant": lambda study: GrantFactory(study=study, permissions=["view", "download", "share"]).user,
}


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("who", STRANGERS)
def test_who_may_not_gets_nothing_and_leaves_one_event(study, who, way):
    UserFactory(username="colleague")
    person = STRANGERS[who](study)
    grants = Grant.objects.count()
    answer, events = way.ask(person, study)
    text = answer.content.decode() + str(dict(answer.headers))
    assert not [mark for mark in MARKS if mark in text]
    assert "dicomweb" not in text
    assert Grant.objects.count() == grants
    assert not ViewingSession.objects.exists()
    assert len(events) == 1
    signed_out = who in ("anonymous", "suspended")
    if way.lists and not signed_out:
        assert answer.status_code == 200
        assert (events[0].action, events[0].details["results"]) == (Action.WORKLIST_QUERIED, 0)
        assert study.study_instance_uid not in text
        return
    assert (events[0].action, events[0].outcome) == (Action.ACCESS_DENIED, "denied")
    assert events[0].actor_id == ("" if signed_out else str(person.subject))
    if way.name != "grants" or not signed_out:
        assert events[0].study_instance_uid == ("" if way.lists else study.study_instance_uid)
    if signed_out and way.by_token:
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_signed_in"
    elif signed_out:
        leads = answer.headers.get("HX-Redirect") or answer.headers.get("Location")
        assert leads.startswith("/accounts/login/?next=/")
    else:
        assert answer.status_code == 404


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("who", ALLOWED)
def test_who_may_gets_it(study, who, way):
    UserFactory(username="colleague")
    answer, events = way.ask(ALLOWED[who](study), study)
    assert answer.status_code in (200, 201, 204, 302)
    assert [event for event in events if event.action == Action.ACCESS_DENIED] == []
    if way.shows:
        assert "Quarterstaff" in answer.content.decode()


@pytest.mark.parametrize("way", [way for way in WAYS if "{uid}" in way.path], ids=str)
def test_what_is_hidden_and_what_is_not_there_answer_alike(study, way):
    person = UserFactory()
    hidden, hidden_events = way.ask(person, study)
    study.study_instance_uid = "1.2.3.4.5"
    absent, absent_events = way.ask(person, study)
    assert (hidden.status_code, hidden["Content-Type"]) == (absent.status_code, absent["Content-Type"])

    def without_chance(answer):
        uid = answer.wsgi_request.path
        return answer.content.decode().replace(uid, "").replace(answer.headers["X-Request-ID"], "")

    assert len(without_chance(hidden)) == len(without_chance(absent))
    assert len(hidden_events) == len(absent_events) == 1
    assert hidden_events[0].institution == study.server.institution.short_name
    assert absent_events[0].institution == ""


@pytest.mark.parametrize("token", ["", "x", "nonsense " * 3, "0" * 64, "é" * 20])
def test_a_bad_api_token_is_turned_away_and_recorded_once(client, study, token):
    for url in ("/api/v1/studies/", f"/api/v1/studies/{study.study_instance_uid}/", "/api/v1/grants/"):
        before = AuditEvent.objects.count()
        answer = client.get(url, headers={"Authorization": f"Token {token}"})
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert AuditEvent.objects.count() == before + 1


def test_a_forged_request_of_another_site_gets_no_token(study):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(radiologist_of(study.server.institution))
    answer = browser.post(f"/api/v1/studies/{study.study_instance_uid}/viewer-token/")
    assert answer.status_code == 403
    assert "token" not in answer.json()
    assert not ViewingSession.objects.exists()
    assert AuditEvent.objects.filter(action=Action.ACCESS_DENIED).count() == 1


def test_the_viewer_token_is_answered_as_the_interface_says(client, study):
    client.force_login(radiologist_of(study.server.institution))
    answer = client.post(f"/api/v1/studies/{study.study_instance_uid}/viewer-token/")
    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {"server", "token", "expires_at"}
    assert told["server"] == {"id": str(study.server_id), "dicomweb_url": study.server.dicomweb_url}
    assert answer["Cache-Control"] == "no-store"


def test_a_disabled_server_gets_no_token(client, study):
    client.force_login(radiologist_of(study.server.institution))
    study.server.disabled_at = timezone.now()
    study.server.save()
    answer = client.post(f"/api/v1/studies/{study.study_instance_uid}/viewer-token/")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
