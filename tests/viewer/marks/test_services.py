"""Marks are kept with all their versions, by their author alone, once however often they are sent."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit.models import Action, AuditEvent
from tests.portal.grants.factories import GrantFactory, UserFactory, actor_for, make_patient_study, radiologist_of
from tests.viewer.marks.factories import content, make_mark, place_of
from viewer.marks import services
from viewer.marks.errors import (
    ChangedMeanwhile,
    NoSuchMark,
    NotYourMark,
    ReportNotAllowed,
    StudyHidden,
    TooManyMarks,
)
from viewer.marks.models import Mark, MarkVersion
from viewer.marks.services import keep_mark, take_mark_away

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_patient_study()


@pytest.fixture
def reader(study):
    return radiologist_of(study.server.institution)


def keep(user, study, mark_id, based_on, session="session one", **changes):
    place = place_of(user, study, mark_id, session)
    return keep_mark(actor=actor_for(user), place=place, based_on=based_on, content=content(**changes))


def take_away(user, study, mark_id, based_on):
    take_mark_away(actor=actor_for(user), place=place_of(user, study, mark_id), based_on=based_on)


def said(mark_id):
    rows = MarkVersion.objects.filter(mark__mark_id=mark_id).order_by("version")
    return list(rows.values_list("version", "text", "is_deletion"))


def events():
    return AuditEvent.objects.filter(action=Action.MEASUREMENTS_SAVED).order_by("pk")


def test_each_change_is_another_version_and_nothing_is_overwritten(study, reader):
    mark_id = uuid4()
    mark, is_new = keep(reader, study, mark_id, 0)
    assert (mark.version, is_new, mark.author) == (1, True, reader)
    mark, is_new = keep(reader, study, mark_id, 1, text="larger")
    assert (mark.version, is_new) == (2, False)
    take_away(reader, study, mark_id, 2)
    assert said(mark_id) == [(1, "nodule", False), (2, "larger", False), (3, "larger", True)]
    assert Mark.objects.get().is_deleted


def test_geometry_and_values_come_back_as_they_were_sent(study, reader):
    mark = make_mark(study, reader, points=[[0.1, -3.0], [511.123456, 0.0]], values={"length": 0.1, "unit": "mm"})
    kept = MarkVersion.objects.get(mark=mark)
    assert kept.points == [[0.1, -3.0], [511.123456, 0.0]]
    assert kept.values == {"length": 0.1, "unit": "mm"}


def test_the_same_twice_is_kept_once(study, reader):
    mark_id = uuid4()
    first, _ = keep(reader, study, mark_id, 0)
    again, is_new = keep(reader, study, mark_id, 0)
    assert (again.pk, again.version, is_new) == (first.pk, 1, False)
    keep(reader, study, mark_id, 1, text="larger")
    assert keep(reader, study, mark_id, 1, text="larger")[0].version == 2
    assert keep(reader, study, mark_id, 2, text="larger")[0].version == 2
    take_away(reader, study, mark_id, 2)
    take_away(reader, study, mark_id, 2)
    assert len(said(mark_id)) == 3


def test_a_change_of_an_older_version_is_refused_with_the_mark_as_it_is(study, reader):
    mark_id = uuid4()
    keep(reader, study, mark_id, 0)
    keep(reader, study, mark_id, 1, text="larger")
    with pytest.raises(ChangedMeanwhile) as refused:
        keep(reader, study, mark_id, 1, text="smaller")
    assert (refused.value.current.version, refused.value.current.newest[0].text) == (2, "larger")
    with pytest.raises(ChangedMeanwhile):
        take_away(reader, study, mark_id, 1)
    assert [text for _, text, _ in said(mark_id)] == ["nodule", "larger"]


def test_what_was_taken_away_comes_back_by_a_change_of_its_last_version(study, reader):
    mark_id = uuid4()
    keep(reader, study, mark_id, 0)
    take_away(reader, study, mark_id, 1)
    with pytest.raises(ChangedMeanwhile) as refused:
        keep(reader, study, mark_id, 1, text="larger")
    assert refused.value.current.is_deleted
    mark, _ = keep(reader, study, mark_id, 2)
    assert (mark.version, mark.is_deleted) == (3, False)


def test_a_mark_of_somebody_else_is_theirs(study, reader):
    mark = make_mark(study, reader)
    other = radiologist_of(study.server.institution)
    with pytest.raises(NotYourMark):
        keep(other, study, mark.mark_id, 1, text="mine now")
    with pytest.raises(NotYourMark):
        take_away(other, study, mark.mark_id, 1)
    assert said(mark.mark_id) == [(1, "nodule", False)]
    copy, is_new = keep(other, study, uuid4(), 0)
    assert (is_new, copy.author) == (True, other)


def test_the_same_number_on_another_study_is_another_mark(study, reader):
    mark = make_mark(study, reader)
    sibling = make_patient_study(study.server)
    other, is_new = keep(reader, sibling, mark.mark_id, 0)
    assert (is_new, other.study) == (True, sibling)


def test_what_is_not_there_cannot_be_changed_or_taken_away(study, reader):
    with pytest.raises(NoSuchMark):
        keep(reader, study, uuid4(), 3)
    with pytest.raises(NoSuchMark):
        take_away(reader, study, uuid4(), 1)
    assert not Mark.objects.exists()


@pytest.mark.parametrize("permissions", [["view"], ["view", "download", "share"]])
def test_who_may_not_report_makes_no_mark(study, permissions):
    person = GrantFactory(study=study, permissions=permissions).user
    with pytest.raises(ReportNotAllowed):
        keep(person, study, uuid4(), 0)
    assert not Mark.objects.exists()
    assert not events().exists()


def test_who_lost_the_access_meanwhile_makes_no_mark(study):
    grant = GrantFactory(study=study, permissions=["view", "report"])
    mark = make_mark(study, grant.user)
    grant.revoked_at = timezone.now()
    grant.save()
    with pytest.raises(StudyHidden):
        keep(grant.user, study, mark.mark_id, 1, text="too late")
    with pytest.raises(StudyHidden):
        take_away(UserFactory(), study, mark.mark_id, 1)
    assert said(mark.mark_id) == [(1, "nodule", False)]


def test_a_study_has_no_more_marks_of_one_person_than_anybody_draws(study, reader, monkeypatch):
    monkeypatch.setattr(services, "STANDING_AT_MOST", 2)
    kept = [make_mark(study, reader) for _ in range(2)]
    with pytest.raises(TooManyMarks):
        make_mark(study, reader)
    make_mark(study, radiologist_of(study.server.institution))
    take_away(reader, study, kept[0].mark_id, 1)
    make_mark(study, reader)
    with pytest.raises(TooManyMarks):
        keep(reader, study, kept[0].mark_id, 2)
    monkeypatch.setattr(services, "MADE_AT_MOST", 3)
    take_away(reader, study, kept[1].mark_id, 1)
    with pytest.raises(TooManyMarks):
        make_mark(study, reader)


def test_a_mark_has_a_last_version_and_can_still_be_taken_away(study, reader, monkeypatch):
    monkeypatch.setattr(services, "VERSIONS_AT_MOST", 2)
    mark = make_mark(study, reader)
    keep(reader, study, mark.mark_id, 1, text="larger")
    with pytest.raises(TooManyMarks):
        keep(reader, study, mark.mark_id, 2, text="smaller")
    take_away(reader, study, mark.mark_id, 2)
    assert len(said(mark.mark_id)) == 3


def test_a_sitting_leaves_one_event_that_leads_to_its_versions(study, reader):
    start = timezone.now()
    mark_id = uuid4()
    for minutes, based_on in ((0, 0), (50, 1), (100, 2)):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            keep(reader, study, mark_id, based_on, text=f"after {minutes} minutes")
    event = events().get()
    assert (event.rule, event.outcome) == ("radiologist_of_institution", "allowed")
    assert event.study_instance_uid == study.study_instance_uid
    assert MarkVersion.objects.filter(session_id=event.details["session_id"]).count() == 3
    with time_machine.travel(start + timedelta(minutes=161), tick=False):
        take_away(reader, study, mark_id, 3)
    assert events().count() == 2


def test_another_sign_in_and_another_person_leave_events_of_their_own(study, reader):
    make_mark(study, reader)
    keep(reader, study, uuid4(), 0, session="session two")
    make_mark(study, radiologist_of(study.server.institution))
    assert len({event.details["session_id"] for event in events()}) == events().count() == 3


def test_the_database_refuses_to_change_a_version(study, reader):
    mark = make_mark(study, reader)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        MarkVersion.objects.filter(mark=mark).update(text="something else")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE marks_markversion SET version = 7")
    assert said(mark.mark_id) == [(1, "nodule", False)]
