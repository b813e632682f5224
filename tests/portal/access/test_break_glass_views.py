"""The pages of break-glass: an exact address or an exact ID leads there, nothing else, and nobody goes unseen."""

import pytest
from django.core import mail
from django.core.cache import cache

from audit.models import Action, AuditEvent, Outcome
from portal.access.tries import MOST_TRIES
from portal.grants.models import Grant
from portal.grants.policy import explain
from portal.institutions.models import Role
from tests.portal.access.factories import REASON, Scene, acts
from tests.portal.grants.factories import radiologist_of

pytestmark = pytest.mark.django_db
FIND = "/break-glass/"
NOT_DOCTORS = [role for role in Role if role not in (Role.RADIOLOGIST, Role.REFERRING_DOCTOR)]
NOTHING = "Nothing fits."


@pytest.fixture(autouse=True)
def _no_tries():
    cache.clear()


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture
def signed_in(client, scene):
    client.force_login(scene.doctor)
    return client


def actions() -> list[str]:
    return list(acts().values_list("action", flat=True))


def test_a_doctor_opens_a_study_reached_by_its_address(signed_in, scene, django_capture_on_commit_callbacks, settings):
    administrators = [scene.person(Role.INSTITUTION_ADMINISTRATOR) for _ in range(2)]
    assert signed_in.get(f"/studies/{scene.address}").status_code == 404
    page = signed_in.get(f"{FIND}{scene.address}")
    assert page.status_code == 200
    assert "2 administrators" in page.content.decode()
    assert not explain(scene.doctor, scene.study).allowed
    with django_capture_on_commit_callbacks(execute=True):
        opened = signed_in.post(f"{FIND}{scene.address}", {"reason": REASON})
    assert opened.status_code == 302
    study_page = signed_in.get(opened["Location"])
    assert study_page.status_code == 200
    assert "Opened without permission" in study_page.content.decode()
    event = AuditEvent.objects.filter(action=Action.STUDY_OPENED).get()
    assert (event.outcome, event.rule) == (Outcome.BREAK_GLASS, "break_glass")
    assert sorted(letter.to[0] for letter in mail.outbox) == sorted(person.email for person in administrators)
    for letter in mail.outbox:
        text = letter.subject + letter.body
        assert scene.doctor.full_name in text
        for secret in (scene.study.patient.patient_id, "Munteanu", scene.study.study_instance_uid, REASON, "1962"):
            assert secret not in text


def test_a_patient_is_found_by_exact_id_and_birth_date(signed_in, scene):
    page = signed_in.post(FIND, {"patient_id": "77-01", "birth_date": "1962-03-14"})
    assert page.status_code == 200
    assert f"{FIND}{scene.study.study_instance_uid}/" in page.content.decode()
    event = acts().get()
    assert (event.action, event.outcome, event.details["results"]) == (Action.BREAK_GLASS_SOUGHT, Outcome.ALLOWED, 1)
    assert event.patient_identifiers == ["7701"]
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [
        {"patient_id": "77-01", "birth_date": "1962-03-15"},
        {"patient_id": "77-0", "birth_date": "1962-03-14"},
        {"patient_id": "no such", "birth_date": "1962-03-14"},
    ],
)
def test_what_does_not_fit_and_what_is_not_there_answer_alike(signed_in, scene, typed):
    page = signed_in.post(FIND, typed)
    absent = signed_in.post(FIND, {"patient_id": "never", "birth_date": "2001-01-01"})
    text = page.content.decode()
    assert NOTHING in text
    assert scene.study.study_instance_uid not in text
    assert (page.status_code, page.context["found"]) == (absent.status_code, absent.context["found"])
    assert [(event.action, event.outcome) for event in acts()] == [(Action.BREAK_GLASS_SOUGHT, Outcome.DENIED)] * 2


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_address_opens_nothing(signed_in, method):
    page = getattr(signed_in, method)(f"{FIND}1.2.3.4/", {"reason": REASON})
    assert page.status_code == 404
    assert NOTHING in page.content.decode()
    assert [(event.action, event.outcome) for event in acts()] == [(Action.BREAK_GLASS_SOUGHT, Outcome.DENIED)]
    assert not Grant.objects.exists()


def test_a_short_reason_is_sent_back(signed_in, scene):
    page = signed_in.post(f"{FIND}{scene.address}", {"reason": "emergency"})
    assert page.status_code == 422
    assert "at least 15 characters" in page.content.decode()
    assert not Grant.objects.exists()


def test_too_many_looks_are_stopped_and_written(signed_in, scene):
    for _ in range(MOST_TRIES):
        signed_in.post(FIND, {"patient_id": "guess", "birth_date": "1962-03-14"})
    page = signed_in.get(f"{FIND}{scene.address}")
    assert page.status_code == 429
    assert "Munteanu" not in page.content.decode()
    assert actions() == [Action.BREAK_GLASS_SOUGHT] * MOST_TRIES + [Action.ACCESS_DENIED]


@pytest.mark.parametrize("role", NOT_DOCTORS)
def test_it_does_not_exist_for_others(client, scene, role):
    client.force_login(scene.person(role))
    answers = [
        client.get(FIND),
        client.post(FIND, {"patient_id": "77-01", "birth_date": "1962-03-14"}),
        client.get(f"{FIND}{scene.address}"),
        client.post(f"{FIND}{scene.address}", {"reason": REASON}),
        client.get(f"{FIND}{scene.study.study_instance_uid}/request/"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert actions() == [Action.ACCESS_DENIED] * 5
    assert not Grant.objects.exists()


def test_who_may_see_it_is_led_there(client, scene):
    client.force_login(radiologist_of(scene.study.server.institution))
    page = client.get(f"{FIND}{scene.address}")
    assert "You may see this study already" in page.content.decode()
    assert client.post(f"{FIND}{scene.address}", {"reason": REASON}).status_code == 422
    assert not Grant.objects.exists()


def test_the_line_counts_down_until_it_is_closed(signed_in, scene):
    signed_in.post(f"{FIND}{scene.address}", {"reason": REASON})
    grant = Grant.objects.get()
    assert "data-ends" in signed_in.get("/worklist/").content.decode()
    closed = signed_in.post(f"{FIND}{grant.pk}/close/")
    assert closed.status_code == 302
    assert "data-ends" not in signed_in.get("/worklist/").content.decode()
    assert not explain(scene.doctor, scene.study).allowed


def test_nobody_else_closes_it(client, scene):
    client.force_login(scene.doctor)
    client.post(f"{FIND}{scene.address}", {"reason": REASON})
    grant = Grant.objects.get()
    before = acts().count()
    client.force_login(radiologist_of(scene.other_administrator.memberships.get().institution))
    assert client.post(f"{FIND}{grant.pk}/close/").status_code == 404
    assert explain(scene.doctor, scene.study).allowed
    assert acts().count() == before + 1


@pytest.mark.parametrize("path", ["studies", "viewer"])
def test_a_doctor_who_is_turned_away_finds_the_door_whether_there_is_a_study_or_not(signed_in, scene, path):
    there = signed_in.get(f"/{path}/{scene.study.study_instance_uid}/")
    absent = signed_in.get(f"/{path}/1.2.3.4/")
    assert (there.status_code, absent.status_code) == (404, 404)
    uid = scene.study.study_instance_uid
    assert there.content.decode().replace(uid, "1.2.3.4") == absent.content.decode()
    assert f"{FIND}{uid}/" in there.content.decode()


def test_others_who_are_turned_away_find_no_door(client, scene):
    client.force_login(scene.person(Role.CONSULTANT))
    page = client.get(f"/studies/{scene.study.study_instance_uid}/")
    assert page.status_code == 404
    assert FIND not in page.content.decode()


@pytest.mark.parametrize(("role", "offered"), [(Role.RADIOLOGIST, True), (Role.CONSULTANT, False)])
def test_the_menu_leads_doctors_there(client, scene, role, offered):
    client.force_login(scene.person(role))
    assert (f'href="{FIND}"' in client.get("/worklist/").content.decode()) is offered
