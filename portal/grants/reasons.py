"""The reasons that open one study to one person, strongest first, one a rule and access row."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db.models import Q

from portal.accounts.models import Kind, User
from portal.grants.decisions import Reach, Reason, Rule, latest
from portal.grants.identities import own_patients
from portal.grants.models import Assignment, AssignmentPart, Grant, GrantKind, Permission
from portal.grants.running import running_assignments, running_grants, running_in
from portal.institutions.models import Membership, PhysicianAlias, Role
from portal.studies.models import Study

OF_RADIOLOGIST: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.REPORT, Permission.SHARE})
OF_ASSIGNED_RADIOLOGIST: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.REPORT})
"""Whoever is asked in from another institution reads and reports; sharing stays with the institution."""
OF_DOCTOR: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.SHARE})
OF_PATIENT: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.SHARE})
NEVER_SHARED: Final = frozenset({GrantKind.BREAK_GLASS, GrantKind.SHARE_LINK})
"""Access that ends with whoever it was opened for; nothing of it can be given to others."""
_ORDER_OF_GRANTS: Final = {Rule.STUDY_GRANT: 0, Rule.PATIENT_GRANT: 1, Rule.BREAK_GLASS: 2}


def reasons_for(user: User, study: Study, now: datetime) -> tuple[Reason, ...]:
    """Every reason that holds at `now` for an active person; empty means denied."""
    roles = list(running_in(user, now, Role.RADIOLOGIST, Role.REFERRING_DOCTOR, Role.PATIENT, Role.CONSULTANT))
    assignments = _assignments(user, study, now) if roles else []
    reasons = [
        *_radiologist(roles, study),
        *_assigned_radiologist(roles, assignments),
        *_named_physician(roles, study),
        *_doctor_of_patient(roles, assignments, study),
        *_own(roles, user, study),
        *_granted(user, roles, study, now),
    ]
    return tuple(reasons)


def _assignments(user: User, study: Study, now: datetime) -> list[Assignment]:
    """Of this study to a radiologist, and of its patient to a doctor; no other pairing opens anything."""
    of_study = Q(part=AssignmentPart.RADIOLOGIST, study=study)
    of_patient = Q(part=AssignmentPart.REFERRING_DOCTOR, patient_id=study.patient_id)
    return list(running_assignments(user, now).filter(of_study | of_patient).select_related("assigned_by", "patient"))


def _radiologist(roles: list[Membership], study: Study) -> Iterator[Reason]:
    for membership in roles:
        if membership.role == Role.RADIOLOGIST and membership.institution_id == study.server.institution_id:
            yield _by_role(Rule.RADIOLOGIST_OF_INSTITUTION, membership, OF_RADIOLOGIST, Reach.PATIENT)


def _assigned_radiologist(roles: list[Membership], assignments: list[Assignment]) -> Iterator[Reason]:
    membership = next((one for one in roles if one.role == Role.RADIOLOGIST), None)
    for assignment in assignments:
        if membership is not None and assignment.part == AssignmentPart.RADIOLOGIST:
            rule = Rule.ASSIGNED_TO_RADIOLOGIST
            yield _by_assignment(rule, assignment, membership, OF_ASSIGNED_RADIOLOGIST, Reach.STUDY)


def _named_physician(roles: list[Membership], study: Study) -> Iterator[Reason]:
    doctors = {one.pk: one for one in roles if _is_doctor_at(one, study)}
    if not doctors:
        return
    named = study.physicians.exclude(name_key="").values("name_key")
    aliases = PhysicianAlias.objects.filter(membership_id__in=doctors, name_key__in=named)
    for membership_id in sorted(set(aliases.values_list("membership_id", flat=True))):
        yield _by_role(Rule.NAMED_AS_PHYSICIAN, doctors[membership_id], OF_DOCTOR, Reach.STUDY)


def _doctor_of_patient(roles: list[Membership], assignments: list[Assignment], study: Study) -> Iterator[Reason]:
    for membership in roles:
        for assignment in assignments:
            patient = assignment.patient
            is_theirs = patient is not None and patient.institution_id == membership.institution_id
            if is_theirs and assignment.part == AssignmentPart.REFERRING_DOCTOR and _is_doctor_at(membership, study):
                rule = Rule.PATIENT_ASSIGNED_TO_DOCTOR
                yield _by_assignment(rule, assignment, membership, OF_DOCTOR, Reach.PATIENT)


def _own(roles: list[Membership], user: User, study: Study) -> Iterator[Reason]:
    membership = next((one for one in roles if one.role == Role.PATIENT), None)
    if membership is not None and study.patient_id in own_patients(user).patient_ids:
        yield _by_role(Rule.OWN_STUDY, membership, OF_PATIENT, Reach.PATIENT)


def _granted(user: User, roles: list[Membership], study: Study, now: datetime) -> list[Reason]:
    grants = running_grants(user, now).filter(Q(study=study) | Q(patient_id=study.patient_id))
    rows = grants.select_related("granted_by", "role_institution").order_by("-valid_until", "pk")
    return sorted((_by_grant(grant, user, roles) for grant in rows), key=lambda reason: _ORDER_OF_GRANTS[reason.rule])


def _is_doctor_at(membership: Membership, study: Study) -> bool:
    return membership.role == Role.REFERRING_DOCTOR and membership.institution_id == study.server.institution_id


def _by_role(rule: Rule, membership: Membership, permissions: frozenset[Permission], reach: Reach) -> Reason:
    return Reason(
        rule=rule,
        permissions=frozenset(permissions),
        reach=reach,
        role=membership.role,
        institution=membership.institution.short_name,
        given_by=membership.given_by_name,
        since=membership.since,
        until=membership.ended_at,
    )


def _by_assignment(
    rule: Rule, assignment: Assignment, membership: Membership, permissions: frozenset[Permission], reach: Reach
) -> Reason:
    return Reason(
        rule=rule,
        permissions=frozenset(permissions),
        reach=reach,
        role=membership.role,
        institution=membership.institution.short_name,
        given_by=assignment.assigned_by.full_name,
        since=assignment.assigned_at,
        until=min(filter(None, (assignment.ended_at, membership.ended_at)), default=None),
    )


def _by_grant(grant: Grant, user: User, roles: list[Membership]) -> Reason:
    is_of_study = grant.study_id is not None
    rule = Rule.STUDY_GRANT if is_of_study else Rule.PATIENT_GRANT
    permissions = frozenset(grant.permissions)
    if grant.kind in NEVER_SHARED or user.kind != Kind.PERSON:
        permissions -= {Permission.SHARE}
    return Reason(
        rule=Rule.BREAK_GLASS if grant.kind == GrantKind.BREAK_GLASS else rule,
        permissions=permissions,
        reach=Reach.STUDY if is_of_study else Reach.PATIENT,
        role=grant.role,
        institution=grant.role_institution.short_name if grant.role_institution else "",
        given_by=grant.granted_by.full_name,
        since=grant.valid_from,
        until=_end_of(grant, roles),
        grant_id=grant.pk,
    )


def _end_of(grant: Grant, roles: list[Membership]) -> datetime:
    """The grant's own end, or that of the role to which it was given where that comes first."""
    if not grant.role:
        return grant.valid_until
    held = (one for one in roles if one.role == grant.role and one.institution_id == grant.role_institution_id)
    end_of_role = latest(one.ended_at for one in held)
    return min(grant.valid_until, end_of_role or grant.valid_until)
