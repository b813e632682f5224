"""The reasons that open one study to one person, strongest first, one a rule and access row."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from portal.accounts.models import User
from portal.grants.decisions import Reach, Reason, Rule
from portal.grants.identities import own_patients
from portal.grants.models import AssignmentPart, Grant, Permission
from portal.grants.running import running_assignments, running_grants, running_in
from portal.institutions.models import Membership, Role
from portal.studies.models import Study

OF_RADIOLOGIST: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.REPORT, Permission.SHARE})
OF_ASSIGNED_RADIOLOGIST: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.REPORT})
"""Whoever is asked in from another institution reads and reports; sharing stays with the institution."""
OF_DOCTOR: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.SHARE})
OF_PATIENT: Final = frozenset({Permission.VIEW, Permission.DOWNLOAD, Permission.SHARE})


def reasons_for(user: User, study: Study, now: datetime) -> tuple[Reason, ...]:
    """Every reason that holds at `now` for an active person; empty means denied."""
    reasons: list[Reason] = []
    for rule in (_radiologist, _assigned_radiologist, _named_physician, _doctor_of_patient, _own, _granted):
        reasons.extend(rule(user, study, now))
    return tuple(reasons)


def _radiologist(user: User, study: Study, now: datetime) -> Iterator[Reason]:
    owner = study.server.institution_id
    for membership in running_in(user, now, Role.RADIOLOGIST).filter(institution_id=owner):
        yield _by_role(Rule.RADIOLOGIST_OF_INSTITUTION, membership, OF_RADIOLOGIST, Reach.PATIENT)


def _assigned_radiologist(user: User, study: Study, now: datetime) -> Iterator[Reason]:
    membership = running_in(user, now, Role.RADIOLOGIST).first()
    if membership is None:
        return
    assignments = running_assignments(user, AssignmentPart.RADIOLOGIST, now).filter(study=study)
    for assignment in assignments.select_related("assigned_by"):
        yield Reason(
            rule=Rule.ASSIGNED_TO_RADIOLOGIST,
            permissions=OF_ASSIGNED_RADIOLOGIST,
            reach=Reach.STUDY,
            role=membership.role,
            institution=membership.institution.short_name,
            given_by=assignment.assigned_by.full_name,
            since=assignment.assigned_at,
            until=_earlier(assignment.ended_at, membership.ended_at),
        )


def _named_physician(user: User, study: Study, now: datetime) -> Iterator[Reason]:
    named = study.physicians.exclude(name_key="").values("name_key")
    memberships = running_in(user, now, Role.REFERRING_DOCTOR).filter(institution_id=study.server.institution_id)
    for membership in memberships.filter(physician_aliases__name_key__in=named).distinct():
        yield _by_role(Rule.NAMED_AS_PHYSICIAN, membership, OF_DOCTOR, Reach.STUDY)


def _doctor_of_patient(user: User, study: Study, now: datetime) -> Iterator[Reason]:
    owner = study.server.institution_id
    memberships = running_in(user, now, Role.REFERRING_DOCTOR).filter(institution_id=owner)
    assignments = running_assignments(user, AssignmentPart.REFERRING_DOCTOR, now).filter(
        patient_id=study.patient_id, patient__institution_id=owner
    )
    for membership in memberships:
        for assignment in assignments.select_related("assigned_by"):
            yield Reason(
                rule=Rule.PATIENT_ASSIGNED_TO_DOCTOR,
                permissions=OF_DOCTOR,
                reach=Reach.PATIENT,
                role=membership.role,
                institution=membership.institution.short_name,
                given_by=assignment.assigned_by.full_name,
                since=assignment.assigned_at,
                until=_earlier(assignment.ended_at, membership.ended_at),
            )


def _own(user: User, study: Study, now: datetime) -> Iterator[Reason]:
    membership = running_in(user, now, Role.PATIENT).first()
    if membership is not None and study.patient_id in own_patients(user).patient_ids:
        yield _by_role(Rule.OWN_STUDY, membership, OF_PATIENT, Reach.PATIENT)


def _granted(user: User, study: Study, now: datetime) -> Iterator[Reason]:
    grants = running_grants(user, now).select_related("granted_by")
    latest_first = "-valid_until"
    for grant in grants.filter(study=study).order_by(latest_first, "pk"):
        yield _by_grant(Rule.STUDY_GRANT, grant, Reach.STUDY)
    for grant in grants.filter(patient_id=study.patient_id).order_by(latest_first, "pk"):
        yield _by_grant(Rule.PATIENT_GRANT, grant, Reach.PATIENT)


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


def _by_grant(rule: Rule, grant: Grant, reach: Reach) -> Reason:
    return Reason(
        rule=rule,
        permissions=frozenset(grant.permissions),
        reach=reach,
        given_by=grant.granted_by.full_name,
        since=grant.valid_from,
        until=grant.valid_until,
    )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    known = [end for end in (one, other) if end is not None]
    return min(known, default=None)
