"""The reasons that open one study to one person, strongest first, one a rule and access row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from portal.accounts.models import Kind, User
from portal.grants.decisions import Reach, Reason, Rule, latest
from portal.grants.identities import own_patients
from portal.grants.models import Assignment, AssignmentPart, Grant, GrantKind, Permission
from portal.grants.running import running_assignments, running_grants, running_in
from portal.institutions.models import Membership, PhysicianAlias, Role
from portal.studies.models import Study, StudyPhysician

OF_RADIOLOGIST: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.REPORT, Permission.SHARE})
OF_ASSIGNED_RADIOLOGIST: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.REPORT})
"""Whoever is asked in from another institution reads and reports; sharing stays with the institution."""
OF_DOCTOR: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.SHARE})
OF_PATIENT: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.SHARE})
NEVER_SHARED: Final = frozenset({GrantKind.BREAK_GLASS, GrantKind.SHARE_LINK})
"""Access that ends with whoever it was opened for; nothing of it can be given to others."""
_ORDER_OF_GRANTS: Final = {Rule.STUDY_GRANT: 0, Rule.PATIENT_GRANT: 1, Rule.BREAK_GLASS: 2}


@dataclass(frozen=True)
class _Held:
    """What a person holds that may open some studies, read once for all of them."""

    roles: list[Membership]
    assignments: list[Assignment]
    own_patient_ids: frozenset[int]
    grants: list[Grant]
    named_by: dict[int, list[int]]
    """Study → memberships of the doctors whom it names."""


def reasons_for(user: User, study: Study, now: datetime) -> tuple[Reason, ...]:
    """Every reason that holds at `now` for an active person; empty means denied."""
    (reasons,) = reasons_for_each(user, [study], now)
    return reasons


def reasons_for_each(user: User, studies: Sequence[Study], now: datetime) -> list[tuple[Reason, ...]]:
    """As `reasons_for`, of several studies in their order, without asking the database again for each."""
    held = _held(user, studies, now)
    return [
        ()
        if study.is_removed
        else (
            *_radiologist(held.roles, study),
            *_assigned_radiologist(held, study),
            *_named_physician(held, study),
            *_doctor_of_patient(held, study),
            *_own(held, study),
            *_granted(user, held, study),
        )
        for study in studies
    ]


def _held(user: User, studies: Sequence[Study], now: datetime) -> _Held:
    roles = list(running_in(user, now, Role.RADIOLOGIST, Role.REFERRING_DOCTOR, Role.PATIENT, Role.CONSULTANT))
    is_patient = any(membership.role == Role.PATIENT for membership in roles)
    return _Held(
        roles=roles,
        assignments=_assignments(user, studies, now) if roles else [],
        own_patient_ids=own_patients(user).patient_ids if is_patient else frozenset(),
        grants=_grants(user, studies, now),
        named_by=_named(roles, studies),
    )


def _assignments(user: User, studies: Sequence[Study], now: datetime) -> list[Assignment]:
    """Of these studies to a radiologist, and of their patients to a doctor; no other pairing opens anything."""
    of_study = Q(part=AssignmentPart.RADIOLOGIST, study__in=studies)
    of_patient = Q(part=AssignmentPart.REFERRING_DOCTOR, patient_id__in={study.patient_id for study in studies})
    return list(running_assignments(user, now).filter(of_study | of_patient).select_related("assigned_by", "patient"))


def _grants(user: User, studies: Sequence[Study], now: datetime) -> list[Grant]:
    on_these = Q(study__in=studies) | Q(patient_id__in={study.patient_id for study in studies})
    grants = running_grants(user, now).filter(on_these)
    return list(grants.select_related("granted_by", "role_institution").order_by("-valid_until", "pk"))


def _named(roles: list[Membership], studies: Sequence[Study]) -> dict[int, list[int]]:
    """Which of the doctors each study names, as its own institution writes them."""
    doctors = [one.pk for one in roles if any(_is_doctor_at(one, study) for study in studies)]
    if not doctors:
        return {}
    aliases = PhysicianAlias.objects.filter(membership_id__in=doctors).exclude(name_key="")
    named = StudyPhysician.objects.filter(study__in=studies, name_key__in=aliases.values("name_key"))
    by_key: dict[str, set[int]] = {}
    for study_id, name_key in named.values_list("study_id", "name_key"):
        by_key.setdefault(name_key, set()).add(study_id)
    found: dict[int, set[int]] = {}
    for membership_id, name_key in aliases.values_list("membership_id", "name_key") if by_key else ():
        for study_id in by_key.get(name_key, ()):
            found.setdefault(study_id, set()).add(membership_id)
    return {study_id: sorted(memberships) for study_id, memberships in found.items()}


def _radiologist(roles: list[Membership], study: Study) -> Iterator[Reason]:
    for membership in roles:
        if membership.role == Role.RADIOLOGIST and membership.institution_id == study.server.institution_id:
            yield _by_role(Rule.RADIOLOGIST_OF_INSTITUTION, membership, OF_RADIOLOGIST, Reach.PATIENT)


def _assigned_radiologist(held: _Held, study: Study) -> Iterator[Reason]:
    membership = next((one for one in held.roles if one.role == Role.RADIOLOGIST), None)
    for assignment in held.assignments:
        is_of_study = assignment.part == AssignmentPart.RADIOLOGIST and assignment.study_id == study.pk
        if membership is not None and is_of_study:
            rule = Rule.ASSIGNED_TO_RADIOLOGIST
            yield _by_assignment(rule, assignment, membership, OF_ASSIGNED_RADIOLOGIST, Reach.STUDY)


def _named_physician(held: _Held, study: Study) -> Iterator[Reason]:
    doctors = {one.pk: one for one in held.roles if _is_doctor_at(one, study)}
    for membership_id in held.named_by.get(study.pk, ()):
        if membership_id in doctors:
            yield _by_role(Rule.NAMED_AS_PHYSICIAN, doctors[membership_id], OF_DOCTOR, Reach.STUDY)


def _doctor_of_patient(held: _Held, study: Study) -> Iterator[Reason]:
    for membership in held.roles:
        for assignment in held.assignments:
            patient = assignment.patient
            is_patients = patient is not None and patient.pk == study.patient_id
            is_theirs = patient is not None and patient.institution_id == membership.institution_id
            is_of_doctor = assignment.part == AssignmentPart.REFERRING_DOCTOR and _is_doctor_at(membership, study)
            if is_patients and is_theirs and is_of_doctor:
                rule = Rule.PATIENT_ASSIGNED_TO_DOCTOR
                yield _by_assignment(rule, assignment, membership, OF_DOCTOR, Reach.PATIENT)


def _own(held: _Held, study: Study) -> Iterator[Reason]:
    membership = next((one for one in held.roles if one.role == Role.PATIENT), None)
    if membership is not None and study.patient_id in held.own_patient_ids:
        yield _by_role(Rule.OWN_STUDY, membership, OF_PATIENT, Reach.PATIENT)


def _granted(user: User, held: _Held, study: Study) -> list[Reason]:
    def opens(grant: Grant) -> bool:
        return grant.study_id == study.pk if grant.study_id is not None else grant.patient_id == study.patient_id

    found = (_by_grant(grant, user, held.roles) for grant in held.grants if opens(grant))
    return sorted(found, key=lambda reason: _ORDER_OF_GRANTS[reason.rule])


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
