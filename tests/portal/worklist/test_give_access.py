"""The dialog that gives access on the study page, what letters lead to, and the lists of access given and received."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.grants.lines import lines_given_by, lines_received_by
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
    national_patient,
    radiologist_of,
)
from tests.portal.worklist.test_views import access_url, form_data, page_url

pytestmark = pytest.mark.django_db
ADDRESS = "kaya@ankara.example"


@pytest.fixture
def study():
    return make_patient_study(patient=national_patient(patient_name="Munteanu^Elena"))


@pytest.fixture
def reader(study, client):
    user = radiologist_of(study.server.institution)
    client.force_login(user)
    return user


def denied() -> list[str]:
    return [event.details["tried"] for event in AuditEvent.objects.filter(action=Action.ACCESS_DENIED)]


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_access_is_given_to_a_role_elsewhere_until_a_minute(client, reader, study):
    elsewhere = InstitutionFactory(short_name="Codru")
    until = timezone.localtime() + timedelta(days=2)
    changes = {"to": "role", "role": "referring_doctor", "institution": elsewhere.pk, "grantee": ""}
    form = form_data(UserFactory(), **changes, valid_until=until.strftime("%Y-%m-%dT%H:%M"))
    answer = client.post(access_url(study), form, follow=True)
    assert said(answer) == ["Referring doctor, Codru can see it now."]
    grant = Grant.objects.get()
    assert (grant.role, grant.role_institution) == (Role.REFERRING_DOCTOR, elsewhere)
    assert grant.valid_until == until.replace(second=0, microsecond=0)
    assert "Referring doctor, Codru" in answer.content.decode()


def test_an_address_is_answered_alike_whether_or_not_somebody_has_an_account(client, reader, study):
    person = UserFactory()
    person.emailaddress_set.create(email=ADDRESS, verified=True)
    for address in (ADDRESS, "nobody@ankara.example"):
        answer = client.post(access_url(study), form_data(person, grantee=address), follow=True)
        assert said(answer) == [f"Access was given to {address}, who gets an e-mail."]
        assert person.full_name not in answer.content.decode()
    assert Invitation.objects.count() == 2
    lines = client.get(page_url(study)).context["page"].grants
    assert {(line.recipient, line.initials) for line in lines} == {(ADDRESS, ""), ("nobody@ankara.example", "")}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"to": "role"}, ["role", "institution"]),
        ({"to": "role", "role": "radiologist", "institution": "0"}, ["institution"]),
        ({"to": "role", "role": "auditor", "institution": "own"}, ["role"]),
        ({"to": "role", "role": "radiologist", "institution": "own"}, ["institution"]),
        ({"to": "everybody"}, ["to"]),
        ({"grantee": ""}, ["grantee"]),
        ({"valid_from": "2026-02-30T10:00"}, ["valid_from"]),
        ({"valid_until": "2026-02-30"}, ["valid_until"]),
    ],
)
def test_a_wrong_receiver_or_moment_is_named_and_gives_nothing(client, reader, study, changes, fields):
    if changes.get("institution") == "own":
        changes = {**changes, "institution": study.server.institution_id}
    answer = client.post(access_url(study), form_data(UserFactory(), **changes))
    assert answer.status_code == 422
    assert sorted(answer.context["form"].errors) == sorted(fields)
    assert not Grant.objects.exists()


def test_the_dialog_says_how_much_the_whole_patient_is(client, reader, study):
    make_patient_study(study.server, patient=national_patient(patient_name="Munteanu^Elena"))
    form = client.get(page_url(study)).context["form"]
    institution = study.server.institution.short_name
    assert [str(words) for _, words in form.fields["what"].choices] == ["This study", f"All 2 at {institution}"]


def test_the_usual_end_is_never_beyond_the_givers_own(client, study):
    grant = GrantFactory(study=study, permissions=["view", "share"])
    client.force_login(grant.user)
    assert client.get(page_url(study)).context["form"].initial["valid_until"] == grant.valid_until


def test_a_letter_leads_the_receiver_to_the_study(client, study):
    grant = GrantFactory(study=study)
    client.force_login(grant.user)
    answer = client.get(f"/grants/{grant.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, page_url(study))


def test_a_letter_leads_to_the_newest_study_of_a_patient(client):
    server = DicomServerFactory()
    person = national_patient()
    old = make_patient_study(server, patient=person, study_date="20200101")
    new = make_patient_study(server, patient=person, study_date="20260101")
    assert old.patient == new.patient
    grant = GrantFactory(study=None, patient=new.patient)
    client.force_login(grant.user)
    assert client.get(f"/grants/{grant.pk}/")["Location"] == page_url(new)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"revoked_at": timezone.now()}, "This access was taken back."),
        ({"valid_from": timezone.now() + timedelta(days=1)}, "This access begins on "),
        (
            {
                "valid_from": timezone.now() - timedelta(days=2),
                "valid_until": timezone.now() - timedelta(days=1),
            },
            "This access ended on ",
        ),
    ],
)
def test_a_letter_about_closed_access_says_why(client, study, changes, words):
    grant = GrantFactory(study=study, **changes)
    client.force_login(grant.user)
    answer = client.get(f"/grants/{grant.pk}/", follow=True)
    assert said(answer)[0].startswith(words)
    assert study.study_instance_uid not in answer.content.decode()


@pytest.mark.parametrize("who", ["anonymous", "stranger", "giver", "receiver without identity"])
def test_a_letter_leads_nobody_else_anywhere(client, study, who):
    hidden = {"without_identity": True, "deidentification_key": "ab" * 32} if "without" in who else {}
    grant = GrantFactory(study=study, **hidden)
    people = {"stranger": UserFactory(), "giver": grant.granted_by, "receiver without identity": grant.user}
    if who in people:
        client.force_login(people[who])
    answer = client.get(f"/grants/{grant.pk}/")
    assert answer.status_code == (302 if who == "anonymous" else 404)
    assert study.study_instance_uid not in answer.get("Location", "") + answer.content.decode()
    assert denied() == ["grant"]


def test_revoking_leads_back_to_where_it_was_asked_and_nowhere_else(client, reader, study):
    for back, expected in (("/sharing/", "/sharing/"), ("https://evil.example/", None), ("//evil.example", None)):
        grant = GrantFactory(study=study, granted_by=reader)
        answer = client.post(f"/access/{grant.pk}/revoke/", {"back": back})
        assert answer["Location"] == (expected or page_url(study))


def test_opening_a_study_by_a_grant_is_shown_to_the_giver(client, reader, study):
    grant = GrantFactory(study=study, granted_by=reader)
    assert "Not used yet" in client.get(page_url(study)).content.decode()
    client.force_login(grant.user)
    client.get(page_url(study))
    client.force_login(reader)
    assert "Last used" in client.get(page_url(study)).content.decode()


def test_the_lists_show_what_is_open_and_only_studies_that_the_reader_may_see(reader, study):
    of_study = GrantFactory(study=study, granted_by=reader)
    of_patient = GrantFactory(study=None, patient=study.patient, granted_by=reader)
    lost = GrantFactory(granted_by=reader)
    GrantFactory(study=study, granted_by=reader, revoked_at=timezone.now())
    GrantFactory(study=study, granted_by=reader, kind=GrantKind.SHARE_LINK)
    GrantFactory(study=study)
    listed = lines_given_by(reader)
    assert listed.count == 3
    assert {line.grant: line.study for line in listed.lines} == {of_study: study, of_patient: study, lost: None}
    assert all(line.may_revoke for line in listed.lines)
    at = InstitutionFactory()
    receiver = MembershipFactory(institution=at, role=Role.RADIOLOGIST).user
    GrantFactory(user=None, role=Role.RADIOLOGIST, role_institution=at, study=study)
    GrantFactory(user=receiver, study=study, without_identity=True, deidentification_key="ab" * 32)
    received = lines_received_by(receiver)
    assert [(line.study, line.may_revoke) for line in received.lines] == [(study, False)]
    page = render_to_string("studies/_grants_given.html", {"given": listed, "received": received, "back": "/sharing/"})
    assert page.count("data-grant=") == 4
    assert 'value="/sharing/"' in page


def test_the_lists_ask_the_database_as_often_for_many_as_for_one(reader, study, django_assert_max_num_queries):
    for _ in range(6):
        GrantFactory(study=make_patient_study(study.server), granted_by=reader)
    with django_assert_max_num_queries(9):
        page = render_to_string("studies/_grants_given.html", {"given": lines_given_by(reader)})
    assert page.count("data-grant=") == 6


def test_what_was_given_is_explained_to_nobody_before_it_begins(study):
    grant = GrantFactory(study=study, valid_from=timezone.now() + timedelta(minutes=5))
    assert not explain(grant.user, study).allowed
