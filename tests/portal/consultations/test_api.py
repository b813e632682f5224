"""Questions and findings for programs: the same rules as on the pages, and stable codes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.consultations.models import Consultation
from portal.consultations.services import answer
from portal.grants.deidentified import deidentified_holdings
from portal.grants.models import Grant
from portal.institutions.models import Role
from tests.portal.consultations.factories import (
    CONSULTANT,
    MembershipFactory,
    actor_for,
    asked,
    consultant_person,
    inviter_of,
    marked_study,
    radiologist_of,
)
from tests.portal.grants.factories import GrantFactory, doctor_of

pytestmark = pytest.mark.django_db
URL = "/api/v1/consultations/"


@pytest.fixture
def study():
    return marked_study()


@pytest.fixture
def inviter(study):
    return inviter_of(study)


def body(study, **changes):
    return {
        "email": CONSULTANT,
        "studies": [{"study_instance_uid": study.study_instance_uid, "server": str(study.server_id)}],
        "question": "Metastasis or second primary?",
        "deadline": (timezone.now() + timedelta(days=3)).isoformat(),
        "options": ["shift_dates"],
        **changes,
    }


def post(client, path, data):
    return client.post(path, data, content_type="application/json")


def denials(tried):
    return AuditEvent.objects.filter(action=Action.ACCESS_DENIED, details__tried=tried)


def test_a_program_asks_and_reads_what_it_asked(client, study, inviter):
    client.force_login(inviter)
    response = post(client, URL, body(study))
    assert response.status_code == 201
    made = response.json()
    consultation = Consultation.objects.get()
    assert made["id"] == str(consultation.pk)
    assert (made["state"], made["email"], made["options"]) == ("open", CONSULTANT, ["shift_dates"])
    assert [one["study_instance_uid"] for one in made["studies"]] == [study.study_instance_uid]
    assert client.get(f"{URL}{consultation.pk}/").json() == made
    listed = client.get(URL).json()
    assert (listed["results"], listed["next"], listed["previous"]) == ([made], None, None)


def test_what_hides_the_patient_is_never_told_and_never_taken(client, study, inviter):
    client.force_login(inviter)
    key = "ab" * 32
    response = post(client, URL, body(study, deidentification_key=key, pseudonym="X", inviter="me", answer="Yes"))
    grant = Grant.objects.get()
    assert (grant.deidentification_key == key, grant.pseudonym == "X") == (False, False)
    assert Consultation.objects.get().answer == ""
    assert grant.deidentification_key not in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deadline": "2020-01-01T00:00:00Z"}, "deadline_out_of_reach"),
        ({"without_identity": False}, "consent_missing"),
        ({"question": "Is it leakname?"}, "question_names_patient"),
        ({"options": ["retain_device_identity"]}, "request_invalid"),
        ({"studies": []}, "request_invalid"),
        ({"email": "nobody"}, "request_invalid"),
    ],
)
def test_refusals_carry_a_code(client, study, inviter, changes, code):
    client.force_login(inviter)
    response = post(client, URL, body(study, **changes))
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert "leakname" not in response.content.decode()
    assert not Consultation.objects.exists()


def test_who_may_not_share_is_refused(client, study):
    client.force_login(doctor_of(study.server.institution, "LEAKREFERRER^Irina^^Dr."))
    response = post(client, URL, body(study))
    assert (response.status_code, response.json()["code"]) == (403, "share_not_allowed")
    assert denials("ask_consultant").count() == 1
    assert not Consultation.objects.exists()


def test_a_study_that_one_may_not_see_is_404(client, study):
    client.force_login(MembershipFactory(role=Role.RADIOLOGIST).user)
    assert post(client, URL, body(study)).status_code == 404
    assert denials("ask_consultant").count() == 1
    assert not Consultation.objects.exists()


def test_the_consultant_reads_mapped_uids_and_answers(client, study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study)
    client.force_login(person)
    (hidden,) = deidentified_holdings(person)
    (read,) = client.get(URL).json()["results"]
    assert [one["study_instance_uid"] for one in read["studies"]] == [hidden.masked.study_instance_uid]
    response = post(client, f"{URL}{consultation.pk}/answer/", {"answer": "A second primary."})
    assert (response.status_code, response.json()["state"]) == (200, "answered")
    again = post(client, f"{URL}{consultation.pk}/answer/", {"answer": "Another."})
    assert (again.status_code, again.json()["code"]) == (409, "consultation_closed")


def test_who_asked_withdraws(client, study, inviter):
    consultation = asked(inviter, study)
    client.force_login(inviter)
    assert client.post(f"{URL}{consultation.pk}/withdraw/").json()["state"] == "withdrawn"
    assert client.post(f"{URL}{consultation.pk}/withdraw/").status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "tried"),
    [
        ("get", "", "question"),
        ("post", "answer/", "answer_question"),
        ("post", "withdraw/", "withdraw_question"),
    ],
)
@pytest.mark.parametrize("who", ["stranger", "colleague", "administrator"])
def test_the_questions_of_others_are_404(client, study, inviter, method, path, tried, who):
    consultation = asked(inviter, study)
    institution = study.server.institution
    person = {
        "stranger": lambda: consultant_person("somebody.else@clinic.example"),
        "colleague": lambda: radiologist_of(institution),
        "administrator": lambda: MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=institution).user,
    }[who]()
    client.force_login(person)
    assert client.get(URL).json()["results"] == []
    url = f"{URL}{consultation.pk}/{path}"
    response = client.get(url) if method == "get" else post(client, url, {"answer": "Mine."})
    assert response.status_code == 404
    assert denials(tried).count() == 1
    consultation.refresh_from_db()
    assert (consultation.closed_at, consultation.answer) == (None, "")


@pytest.mark.parametrize("path", [URL, f"{URL}6c3ad6be-9b0c-4e0c-b6c4-1d7a1c53e2a1/"])
def test_signed_out_is_401_with_one_event(client, path):
    assert client.get(path).status_code == 401
    assert AuditEvent.objects.filter(action=Action.ACCESS_DENIED).count() == 1


def test_findings_are_the_answers_for_who_sees_the_study_with_identity(client, study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study)
    url = f"/api/v1/studies/{study.study_instance_uid}/findings/"
    reader = GrantFactory(study=study).user
    client.force_login(reader)
    assert client.get(url).json() == {"next": None, "previous": None, "results": []}
    answer(actor=actor_for(person), consultant=person, consultation_id=consultation.pk, text="A second primary.")
    (finding,) = client.get(url).json()["results"]
    assert (finding["id"], finding["kind"], finding["text"]) == (
        str(consultation.pk),
        "consultation",
        "A second primary.",
    )
    assert (finding["author"], finding["question"]) == ("Prof. Aylin Kaya, Ankara", consultation.question)
    assert finding["asked_by"]["name"] == inviter.full_name


def test_findings_are_404_for_who_sees_it_without_identity_or_not_at_all(client, study, inviter):
    person = consultant_person()
    asked(inviter, study)
    (hidden,) = deidentified_holdings(person)
    for who in (person, radiologist_of(marked_study().server.institution)):
        client.force_login(who)
        for uid in (study.study_instance_uid, hidden.masked.study_instance_uid):
            assert client.get(f"/api/v1/studies/{uid}/findings/").status_code == 404
    assert denials("findings").count() == 4
