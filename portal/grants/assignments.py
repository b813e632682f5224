"""Assigns studies to radiologists and patients to doctors, and takes assignments back."""

from typing import TypedDict

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.services import record_assignment_ended, record_assignment_made
from audit.subjects import AuditedStudy
from portal.accounts.models import User
from portal.grants.audited import audited_target
from portal.grants.decisions import Reach
from portal.grants.errors import NotYours, UnknownGrantee
from portal.grants.models import Assignment, AssignmentPart
from portal.grants.running import running_in
from portal.grants.selectors import person_to_change
from portal.grants.services import opened_by, revoke_tokens
from portal.grants.upkeep import revoke_what_nobody_may_give
from portal.institutions.models import Role
from portal.studies.models import Patient, Study


@transaction.atomic
def assign_study(*, actor: Actor, assigned_by: User, radiologist: User, study: Study) -> Assignment:
    """Assign a study to a radiologist of any institution. Raises NotYours, or UnknownGrantee for no radiologist."""
    now = timezone.now()
    if not _may_assign(assigned_by, study.server.institution_id):
        raise NotYours
    if not radiologist.is_active or not running_in(radiologist, now, Role.RADIOLOGIST).exists():
        raise UnknownGrantee
    assignment, made = Assignment.objects.get_or_create(
        user=radiologist,
        part=AssignmentPart.RADIOLOGIST,
        study=study,
        ended_at=None,
        defaults={"assigned_by": assigned_by, "assigned_at": now},
    )
    if made:
        record_assignment_made(actor=actor, **_audited(assignment))
    return assignment


@transaction.atomic
def assign_patient(*, actor: Actor, assigned_by: User, doctor: User, patient: Patient) -> Assignment:
    """Assign a patient to a doctor of the same institution. Raises NotYours, or UnknownGrantee for no such doctor."""
    now = timezone.now()
    if not _may_assign(assigned_by, patient.institution_id):
        raise NotYours
    doctors = running_in(doctor, now, Role.REFERRING_DOCTOR).filter(institution_id=patient.institution_id)
    if not doctor.is_active or not doctors.exists():
        raise UnknownGrantee
    assignment, made = Assignment.objects.get_or_create(
        user=doctor,
        part=AssignmentPart.REFERRING_DOCTOR,
        patient=patient,
        ended_at=None,
        defaults={"assigned_by": assigned_by, "assigned_at": now},
    )
    if made:
        record_assignment_made(actor=actor, **_audited(assignment))
    return assignment


@transaction.atomic
def end_assignment(*, actor: Actor, ended_by: User, assignment_id: int) -> Assignment:
    """Take an assignment back; running viewers that it opened stop. Raises NotYours."""
    rows = Assignment.objects.select_for_update(of=("self",)).select_related("user", "study__server", "patient")
    assignment = rows.filter(pk=assignment_id).first()
    if assignment is None or not _may_assign(ended_by, _owner_of(assignment)):
        raise NotYours
    if assignment.ended_at is None:
        person = person_to_change(assignment.user_id)
        assignment.ended_at = timezone.now()
        assignment.save(update_fields=["ended_at"])
        revoke_tokens(person=person, studies=opened_by(assignment), at=assignment.ended_at)
        record_assignment_ended(actor=actor, **_audited(assignment))
        revoke_what_nobody_may_give(givers=[person.pk])
    return assignment


def _may_assign(person: User, institution_id: int) -> bool:
    """Radiologists and administrators of the owning institution distribute its work."""
    now = timezone.now()
    return person.is_active and any(
        running_in(person, now, role).filter(institution_id=institution_id).exists()
        for role in (Role.RADIOLOGIST, Role.INSTITUTION_ADMINISTRATOR)
    )


class _Audited(TypedDict):
    study: AuditedStudy
    person_id: str
    person_name: str
    part: str
    reach: str


def _audited(assignment: Assignment) -> _Audited:
    return _Audited(
        study=audited_target(assignment),
        person_id=str(assignment.user.subject),
        person_name=assignment.user.full_name,
        part=assignment.part,
        reach=Reach.STUDY if assignment.study is not None else Reach.PATIENT,
    )


def _owner_of(assignment: Assignment) -> int:
    if assignment.study is not None:
        return assignment.study.server.institution_id
    if assignment.patient is not None:
        return assignment.patient.institution_id
    raise ValueError("An assignment names a study or a patient.")
