"""Marks of a consultant who reads without identity: kept under their grant, and shown to nobody else."""

from uuid import uuid4

import pytest
from django.test import Client

from audit.models import Action, AuditEvent
from portal.consultations.services import answer
from portal.grants.deidentified import deidentified_holdings
from tests.portal.consultations.factories import (
    MARKERS,
    actor_for,
    asked,
    consultant_person,
    inviter_of,
    marked_study,
    sealing_server,
)
from tests.portal.grants.factories import radiologist_of
from tests.viewer.marks.factories import make_mark, mark_body
from viewer.marks.models import Mark

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return marked_study(sealing_server(name="LEAKSERVER", institution__short_name="LEAKOWNER"))


@pytest.fixture
def question(study):
    return asked(inviter_of(study), study)


@pytest.fixture
def consultant(question, client):
    person = consultant_person()
    client.force_login(person)
    return person


@pytest.fixture
def mapped(consultant):
    (hidden,) = deidentified_holdings(consultant)
    return hidden.masked.study_instance_uid


def url(uid, mark_id="", tail=""):
    return f"/api/v1/studies/{uid}/annotations/" + (f"{mark_id}/{tail}" if mark_id else "")


def put(client, uid, mark_id, version=0, **changes):
    return client.put(url(uid, mark_id), mark_body(version, **changes), content_type="application/json")


def test_a_mark_is_kept_with_the_grant_and_says_nothing_of_the_study(client, mapped, study, consultant):
    mark_id = uuid4()
    kept = put(client, mapped, mark_id, sop_instance_uid="2.25.7", series_instance_uid="2.25.6")
    assert kept.status_code == 200
    shown = client.get(url(mapped))
    assert [one["sop_instance_uid"] for one in shown.json()["results"]] == ["2.25.7"]
    text = kept.content.decode() + shown.content.decode()
    assert [marker for marker in (*MARKERS, study.study_instance_uid) if marker in text] == []
    mark = Mark.objects.get()
    assert (mark.study, mark.grant_id is None, mark.author) == (study, False, consultant)
    event = AuditEvent.objects.get(action=Action.MEASUREMENTS_SAVED)
    assert (event.study_instance_uid, event.rule) == (study.study_instance_uid, "study_grant")


def test_readers_of_the_study_and_the_consultant_see_none_of_one_another(client, mapped, study):
    put(client, mapped, uuid4())
    reader = radiologist_of(study.server.institution)
    own = make_mark(study, reader)
    browser = Client()
    browser.force_login(reader)
    (seen,) = browser.get(url(study.study_instance_uid)).json()["results"]
    assert seen["id"] == str(own.mark_id)
    (seen,) = client.get(url(mapped)).json()["results"]
    assert seen["id"] != str(own.mark_id)
    assert client.get(url(mapped, own.mark_id, "versions/")).status_code == 404
    # The same number under the grant is another mark.
    assert put(client, mapped, own.mark_id).status_code == 200
    assert Mark.objects.filter(mark_id=own.mark_id).count() == 2


def test_another_question_about_the_study_shows_other_marks(client, mapped, study):
    put(client, mapped, uuid4())
    other = asked(inviter_of(study), study, email="second@onko.example")
    second = consultant_person(email="second@onko.example")
    (hidden,) = deidentified_holdings(second)
    assert hidden.masked.study_instance_uid != mapped
    browser = Client()
    browser.force_login(second)
    assert browser.get(url(hidden.masked.study_instance_uid)).json()["results"] == []
    assert browser.get(url(mapped)).status_code == 404
    assert other.pk


def test_after_the_answer_the_marks_are_closed_too(client, mapped, consultant, question, study):
    mark_id = uuid4()
    put(client, mapped, mark_id)
    answer(actor=actor_for(consultant), consultant=consultant, consultation_id=question.pk, text="Yes.")
    assert client.get(url(mapped)).status_code == 404
    assert put(client, mapped, mark_id, 1, text="too late").status_code == 404
    assert client.delete(url(mapped, mark_id) + "?version=1").status_code == 404
    assert Mark.objects.get().version == 1
    denied = AuditEvent.objects.filter(action=Action.ACCESS_DENIED)
    assert [event.study_instance_uid for event in denied] == [study.study_instance_uid] * 3


def test_the_original_uid_opens_no_marks(client, consultant, study):
    assert client.get(url(study.study_instance_uid)).status_code == 404
    assert put(client, study.study_instance_uid, uuid4()).status_code == 404
    assert not Mark.objects.exists()
