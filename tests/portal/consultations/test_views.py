"""The pages: a radiologist asks, the consultant answers, and to everybody else there is nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.consultations.models import Consultation, State
from portal.grants.deidentified import deidentified_holdings
from portal.institutions.models import Role
from tests.portal.consultations.factories import (
    CONSULTANT,
    MembershipFactory,
    UserFactory,
    asked,
    consultant_person,
    inviter_of,
    marked_series,
    marked_study,
    radiologist_of,
)
from tests.portal.grants.factories import GrantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return marked_study()


@pytest.fixture
def inviter(study):
    return inviter_of(study)


def filled(study, **changes):
    values = {
        "email": CONSULTANT,
        "consultant_name": "Prof. Aylin Kaya, Ankara",
        "studies": [study.pk],
        "question": "Metastasis or second primary?",
        "answer_by": "72",
        "identity": "without",
        "keeps_characteristics": "on",
        "dates": "shift",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def ask_url(study) -> str:
    return f"/studies/{study.study_instance_uid}/consult/?server={study.server_id}"


def denials(tried):
    return AuditEvent.objects.filter(action=Action.ACCESS_DENIED, details__tried=tried)


def test_the_form_shows_who_it_is_about_and_the_patients_studies(client, study, inviter):
    marked_study(study.server, study_description="Earlier CT")
    client.force_login(inviter)
    html = client.get(ask_url(study)).content.decode()
    assert 'data-testid="patient-banner"' in html
    assert "Earlier CT" in html
    assert "may show the name inside the picture" not in html


def test_a_radiologist_asks(client, study, inviter):
    client.force_login(inviter)
    response = client.post(ask_url(study), filled(study))
    consultation = Consultation.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/questions/{consultation.pk}/")
    assert consultation.without_identity
    assert consultation.options == ["retain_patient_characteristics", "shift_dates"]
    assert abs(consultation.deadline - timezone.now() - timedelta(days=3)) < timedelta(minutes=1)
    assert consultation.grants.get().study == study


def test_a_last_day_counts_to_its_end(client, study, inviter):
    client.force_login(inviter)
    day = timezone.localdate() + timedelta(days=2)
    client.post(ask_url(study), filled(study, answer_by="date", deadline=day.isoformat()))
    deadline = timezone.localtime(Consultation.objects.get().deadline)
    assert (deadline.date(), deadline.hour, deadline.minute) == (day + timedelta(days=1), 0, 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "nonsense"}, "valid email address"),
        ({"studies": None}, "This field is required"),
        ({"studies": ["999999"]}, "999999 is not one of the available choices"),
        ({"question": "Is this LEAKNAME?"}, "holds a name or number of the patient"),
        ({"answer_by": "date"}, "Choose the last day."),
        ({"identity": "with"}, "consent"),
        ({"identity": None}, "This field is required"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_sent(client, study, inviter, changes, words):
    client.force_login(inviter)
    response = client.post(ask_url(study), filled(study, **changes))
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Consultation.objects.exists()


def test_another_patients_study_cannot_be_slipped_in(client, study, inviter):
    from_elsewhere = marked_study()
    client.force_login(inviter)
    response = client.post(ask_url(study), filled(study, studies=[study.pk, from_elsewhere.pk]))
    assert response.status_code == 422
    assert not Consultation.objects.exists()


def test_writing_in_the_image_asks_for_a_tick(client, study, inviter):
    uid = "1.2.3.4.5.91"
    scan = marked_study(study.server, study_instance_uid=uid, series=(marked_series(uid, 1, modality="US"),))
    client.force_login(inviter)
    assert "may show the name inside the picture" in client.get(ask_url(scan)).content.decode()
    response = client.post(ask_url(scan), filled(scan))
    assert response.status_code == 422
    assert "Look at these images first" in response.content.decode()
    assert not Consultation.objects.exists()
    assert client.post(ask_url(scan), filled(scan, pixels_checked="on")).status_code == 302


@pytest.mark.parametrize("who", ["stranger", "other institution", "administrator", "consultant"])
def test_to_who_may_not_ask_the_page_does_not_exist(client, study, who):
    institution = study.server.institution
    person = {
        "stranger": UserFactory,
        "other institution": lambda: MembershipFactory(role=Role.RADIOLOGIST).user,
        "administrator": lambda: MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=institution).user,
        "consultant": consultant_person,
    }[who]()
    client.force_login(person)
    assert client.get(ask_url(study)).status_code == 404
    assert client.post(ask_url(study), filled(study)).status_code == 404
    assert denials("ask_consultant").count() == 2
    assert not Consultation.objects.exists()


def test_the_consultant_finds_the_question_and_answers_it(client, study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study)
    client.force_login(person)
    (hidden,) = deidentified_holdings(person)
    assert "Would you biopsy?" in client.get("/questions/").content.decode()
    page = f"/questions/{consultation.pk}/"
    html = client.get(page).content.decode()
    assert f"/viewer/{hidden.masked.study_instance_uid}/" in html
    assert hidden.grant.pseudonym in html
    assert client.post(f"{page}draft/", {"answer": "A second pri"}).status_code == 204
    assert "A second pri" in client.get(page).content.decode()
    response = client.post(f"{page}answer/", {"answer": "A second primary."})
    assert (response.status_code, response["Location"]) == (302, "/questions/")
    consultation.refresh_from_db()
    assert (consultation.state_at(timezone.now()), consultation.answer) == (State.ANSWERED, "A second primary.")


def test_an_unfinished_answer_can_be_kept_for_later(client, study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study)
    client.force_login(person)
    client.post(f"/questions/{consultation.pk}/answer/", {"answer": "Perhaps", "draft": "1"})
    consultation.refresh_from_db()
    assert (consultation.draft, consultation.answered_at) == ("Perhaps", None)


def test_an_empty_answer_is_not_sent(client, study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study)
    client.force_login(person)
    response = client.post(f"/questions/{consultation.pk}/answer/", {"answer": "  "})
    assert response.status_code == 422
    assert "Write the answer first." in response.content.decode()
    consultation.refresh_from_db()
    assert consultation.answered_at is None


def test_with_identity_the_consultant_opens_the_study_itself(client, study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study, without_identity=False, consent="signed today")
    client.force_login(person)
    html = client.get(f"/questions/{consultation.pk}/").content.decode()
    assert f"/viewer/{study.study_instance_uid}/?server={study.server_id}" in html
    assert "LEAKNAME" in html


def test_the_answer_stands_with_the_study_and_with_who_asked(client, study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study)
    client.force_login(person)
    client.post(f"/questions/{consultation.pk}/answer/", {"answer": "A second primary."})
    client.force_login(inviter)
    assert "A second primary." in client.get(f"/questions/{consultation.pk}/").content.decode()
    client.force_login(radiologist_of(study.server.institution))
    assert client.get(f"/questions/{consultation.pk}/").status_code == 404


def test_who_asked_withdraws(client, study, inviter):
    consultation = asked(inviter, study)
    client.force_login(inviter)
    client.post(f"/questions/{consultation.pk}/withdraw/")
    consultation.refresh_from_db()
    assert consultation.state_at(timezone.now()) == State.WITHDRAWN
    response = client.post(f"/questions/{consultation.pk}/withdraw/", follow=True)
    assert "This question is over already." in response.content.decode()


@pytest.mark.parametrize(
    ("method", "path", "tried"),
    [
        ("get", "", "question"),
        ("post", "answer/", "answer_question"),
        ("post", "draft/", "answer_question"),
        ("post", "withdraw/", "withdraw_question"),
    ],
)
def test_to_others_the_question_does_not_exist(client, study, inviter, method, path, tried):
    consultation = asked(inviter, study)
    client.force_login(consultant_person("somebody.else@clinic.example"))
    response = getattr(client, method)(f"/questions/{consultation.pk}/{path}", {"answer": "Mine."})
    assert response.status_code == 404
    assert "biopsy" not in response.content.decode()
    assert denials(tried).count() == 1
    consultation.refresh_from_db()
    assert (consultation.answer, consultation.draft, consultation.closed_at) == ("", "", None)


def test_whoever_is_signed_out_signs_in_first_and_comes_back(client, study, inviter):
    consultation = asked(inviter, study)
    response = client.get(f"/questions/{consultation.pk}/")
    assert response["Location"] == f"/accounts/login/?next=/questions/{consultation.pk}/"
    assert denials("question").count() == 1


def test_the_study_page_offers_to_ask_and_shows_the_answer(client, study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study)
    page = f"/studies/{study.study_instance_uid}/?server={study.server_id}"
    client.force_login(inviter)
    html = client.get(page).content.decode()
    assert f"/studies/{study.study_instance_uid}/consult/" in html
    assert "is asked, until" in html
    client.force_login(person)
    client.post(f"/questions/{consultation.pk}/answer/", {"answer": "A second primary."})
    reader = GrantFactory(study=study).user
    client.force_login(reader)
    html = client.get(page).content.decode()
    assert "A second primary." in html
    assert "/consult/" not in html
