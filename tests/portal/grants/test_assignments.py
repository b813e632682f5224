"""Studies are assigned to radiologists and patients to doctors by people of the owning institution."""

import pytest
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.grants.assignments import assign_patient, assign_study, end_assignment
from portal.grants.errors import NotYours, UnknownGrantee
from portal.grants.models import Assignment, Revocation
from portal.grants.policy import explain
from portal.institutions.models import Role
from tests.portal.grants.factories import (
    InstitutionFactory,
    MembershipFactory,
    UserFactory,
    actor_for,
    doctor_of,
    make_patient_study,
    radiologist_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_patient_study()


@pytest.fixture
def owner(study):
    return study.server.institution


def assign(by, radiologist, study):
    return assign_study(actor=actor_for(by), assigned_by=by, radiologist=radiologist, study=study)


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.INSTITUTION_ADMINISTRATOR])
def test_people_of_the_owner_assign_a_study_to_any_radiologist(study, owner, role):
    by = MembershipFactory(institution=owner, role=role).user
    radiologist = radiologist_of(InstitutionFactory())
    assign(by, radiologist, study)
    assert explain(radiologist, study).allowed
    event = AuditEvent.objects.get(action=Action.ASSIGNMENT_MADE)
    assert event.details["person_id"] == str(radiologist.subject)
    assert (event.details["part"], event.details["reach"]) == ("radiologist", "study")


def test_assigning_twice_is_one_assignment(study, owner):
    by, radiologist = radiologist_of(owner), radiologist_of(InstitutionFactory())
    assert assign(by, radiologist, study) == assign(by, radiologist, study)
    assert AuditEvent.objects.filter(action=Action.ASSIGNMENT_MADE).count() == 1


def test_nobody_of_another_institution_assigns(study):
    elsewhere = InstitutionFactory()
    with pytest.raises(NotYours):
        assign(radiologist_of(elsewhere), radiologist_of(elsewhere), study)
    assert not Assignment.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_study_is_assigned_to_radiologists_only(study, owner):
    with pytest.raises(UnknownGrantee):
        assign(radiologist_of(owner), doctor_of(owner), study)
    assert not Assignment.objects.exists()


def test_a_patient_is_assigned_to_a_doctor_of_the_same_institution(study, owner):
    by, doctor = radiologist_of(owner), doctor_of(owner)
    assign_patient(actor=actor_for(by), assigned_by=by, doctor=doctor, patient=study.patient)
    assert explain(doctor, study).allowed
    stranger = doctor_of(InstitutionFactory())
    with pytest.raises(UnknownGrantee):
        assign_patient(actor=actor_for(by), assigned_by=by, doctor=stranger, patient=study.patient)


def test_an_assignment_taken_back_closes_the_study_and_servers_are_told(study, owner):
    by, radiologist = radiologist_of(owner), radiologist_of(InstitutionFactory())
    assignment = assign(by, radiologist, study)
    end_assignment(actor=actor_for(by), ended_by=by, assignment_id=assignment.pk)
    assert not explain(radiologist, study).allowed
    told = Revocation.objects.get()
    assert (told.subject, told.study_instance_uid) == (radiologist.subject, study.study_instance_uid)
    end_assignment(actor=actor_for(by), ended_by=by, assignment_id=assignment.pk)
    assert AuditEvent.objects.filter(action=Action.ASSIGNMENT_ENDED).count() == 1


def test_nobody_else_takes_an_assignment_back(study, owner):
    assignment = assign(radiologist_of(owner), radiologist_of(InstitutionFactory()), study)
    for stranger in (UserFactory(), assignment.user, radiologist_of(owner, ended_at=timezone.now())):
        with pytest.raises(NotYours):
            end_assignment(actor=actor_for(stranger), ended_by=stranger, assignment_id=assignment.pk)
    assignment.refresh_from_db()
    assert assignment.ended_at is None
    assert not Revocation.objects.exists()
