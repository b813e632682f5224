"""What leaves the viewer is written down first; who may not take images out is told so, and that is recorded too."""

import json

import pytest
from django.test import Client

from audit.models import Action, AuditEvent
from audit.rows import row_of
from portal.grants.deidentified import deidentified_holdings
from portal.grants.models import GrantKind
from portal.institutions.models import Role
from tests.portal.consultations.factories import asked, consultant_person, inviter_of, marked_study
from tests.portal.grants.factories import (
    GrantFactory,
    MembershipFactory,
    UserFactory,
    doctor_of,
    make_patient_study,
    radiologist_of,
)
from tests.portal.sharing.factories import make_link, open_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_patient_study()


def take(client, study, **body):
    address = f"/api/v1/studies/{study.study_instance_uid}/taken-out/?server={study.server_id}"
    return client.post(address, json.dumps(body), content_type="application/json")


def as_person(person):
    client = Client()
    client.force_login(person)
    return client


def taken():
    actions = (Action.IMAGES_PRINTED, Action.IMAGES_SAVED, Action.MEASUREMENTS_STORED)
    return AuditEvent.objects.filter(action__in=actions)


@pytest.mark.parametrize(
    ("how", "words", "form"),
    [
        ("print", "Printed images", "12 images, on paper"),
        ("pdf", "Saved images", "12 images, as PDF"),
        ("png", "Saved images", "12 images, as PNG"),
        ("jpeg", "Saved images", "12 images, as JPEG"),
        ("zip", "Saved images", "12 images, as DICOM files"),
        ("sr", "Stored measurements with the study", "as a structured report"),
    ],
)
def test_each_form_is_recorded_in_words(study, how, words, form):
    reader = radiologist_of(study.server.institution)
    answer = take(as_person(reader), study, how=how, images=12, series_instance_uid="1.2.3")
    assert (answer.status_code, answer.content) == (204, b"")
    event = taken().get()
    assert (event.actor_id, event.study_instance_uid) == (str(reader.subject), study.study_instance_uid)
    assert (event.rule, event.outcome) == ("radiologist_of_institution", "allowed")
    row = row_of(event)
    assert (row.did_what, row.did_detail) == (words, form)
    facts = {str(fact.label): fact.value for fact in row.facts}
    assert facts["Series"] == "1.2.3"


def test_what_was_printed_under_break_glass_is_marked_so(study):
    doctor = doctor_of(study.server.institution)
    GrantFactory(study=study, user=doctor, kind=GrantKind.BREAK_GLASS, permissions=["view", "download"], reason="Now")
    assert take(as_person(doctor), study, how="print", images=1).status_code == 204
    event = taken().get()
    assert (event.outcome, row_of(event).did_what) == ("break_glass", "Printed images")


@pytest.mark.parametrize(("permissions", "how"), [(["view"], "pdf"), (["view", "report"], "zip"), (["view"], "sr")])
def test_who_may_only_look_takes_nothing_out(study, permissions, how):
    person = GrantFactory(study=study, permissions=permissions).user
    answer = take(as_person(person), study, how=how, images=1)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    event = AuditEvent.objects.get(action=Action.ACCESS_DENIED)
    assert (event.actor_id, event.study_instance_uid) == (str(person.subject), study.study_instance_uid)
    assert row_of(event).did_what == "Tried to print or save images"
    assert not taken().exists()


@pytest.mark.parametrize(
    "who",
    [
        lambda study: UserFactory(),
        lambda study: radiologist_of(MembershipFactory().institution),
        lambda study: MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=study.server.institution).user,
    ],
)
def test_of_a_hidden_study_nothing_is_taken_out(study, who):
    answer = take(as_person(who(study)), study, how="nonsense")
    assert answer.status_code == 404
    assert AuditEvent.objects.filter(action=Action.ACCESS_DENIED).count() == 1
    assert not taken().exists()


def test_nobody_who_is_signed_out_takes_anything_out(study):
    assert take(Client(), study, how="pdf", images=1).status_code == 401
    assert AuditEvent.objects.filter(action=Action.ACCESS_DENIED).count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"how": "fax"},
        {"how": "pdf", "images": -1},
        {"how": "pdf", "images": 10**9},
        {"how": "pdf", "images": "many"},
        {"how": "pdf", "series_instance_uid": "../x"},
    ],
)
def test_what_no_viewer_says_is_refused(study, body):
    assert take(as_person(radiologist_of(study.server.institution)), study, **body).status_code == 400
    assert not taken().exists()


def test_the_holder_of_a_link_takes_out_what_the_link_allows(study):
    maker = radiologist_of(study.server.institution)
    looking = open_link(make_link(maker=maker, study=study, may_download=False))
    assert take(looking, study, how="pdf", images=1).status_code == 403
    saving = open_link(make_link(maker=maker, study=study, may_download=True))
    assert take(saving, study, how="pdf", images=1).status_code == 204
    assert taken().get().actor_role == "link_holder"


def test_of_a_study_without_identity_measurements_leave_and_images_do_not():
    study = marked_study()
    asked(inviter_of(study), study)
    consultant = consultant_person()
    (hidden,) = deidentified_holdings(consultant)
    client = as_person(consultant)
    assert take(client, hidden.masked, how="png", images=1).status_code == 403
    assert take(client, hidden.masked, how="sr").status_code == 204
    assert taken().get().study_instance_uid == study.study_instance_uid
