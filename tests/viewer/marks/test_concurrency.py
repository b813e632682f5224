"""Marks that are changed from several windows at once, in transactions that really commit."""

from uuid import uuid4

from tests.portal.grants.factories import GrantFactory, actor_for, make_patient_study, radiologist_of
from tests.viewer.marks.factories import content, place_of
from viewer.marks.errors import ChangedMeanwhile, NotYourMark, StudyHidden
from viewer.marks.models import Mark, MarkVersion
from viewer.marks.services import keep_mark


def keep(user, study, mark_id, based_on, text):
    place = place_of(user, study, mark_id)
    try:
        mark, _ = keep_mark(actor=actor_for(user), place=place, based_on=based_on, content=content(text=text))
    except (ChangedMeanwhile, NotYourMark, StudyHidden) as error:
        return type(error).__name__
    return mark.version


def test_of_changes_at_once_one_wins_and_the_others_are_told(at_once):
    study = make_patient_study()
    reader = radiologist_of(study.server.institution)
    mark_id = uuid4()
    keep(reader, study, mark_id, 0, "first")
    results = at_once(*(lambda n=number: keep(reader, study, mark_id, 1, f"window {n}") for number in range(4)))
    assert sorted(map(str, results)) == ["2", *["ChangedMeanwhile"] * 3]
    assert MarkVersion.objects.filter(mark__mark_id=mark_id).count() == 2


def test_the_same_mark_sent_twice_at_once_is_one(at_once):
    study = make_patient_study()
    reader = radiologist_of(study.server.institution)
    mark_id = uuid4()
    results = at_once(*(lambda: keep(reader, study, mark_id, 0, "first") for _ in range(3)))
    assert results == [1, 1, 1]
    assert MarkVersion.objects.count() == 1


def test_one_number_made_by_two_people_at_once_is_of_one_of_them(at_once):
    study = make_patient_study()
    people = [radiologist_of(study.server.institution) for _ in range(2)]
    mark_id = uuid4()
    results = at_once(*(lambda who=person: keep(who, study, mark_id, 0, "mine") for person in people))
    assert sorted(map(str, results)) == ["1", "NotYourMark"]
    assert Mark.objects.count() == 1


def test_two_receivers_of_access_keep_marks_side_by_side(at_once):
    study = make_patient_study()
    people = [GrantFactory(study=study, permissions=["view", "report"]).user for _ in range(3)]
    assert at_once(*(lambda who=person: keep(who, study, uuid4(), 0, "x") for person in people)) == [1, 1, 1]
