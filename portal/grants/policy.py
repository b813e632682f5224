"""The policy: which studies a person may see, and why. Lists, pages, API and tokens all ask here."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.grants.decisions import DENIED, Decision
from portal.grants.identities import own_patients
from portal.grants.models import AssignmentPart
from portal.grants.reasons import reasons_for
from portal.grants.running import running_assignments, running_grants, running_memberships
from portal.institutions.models import PhysicianAlias, Role
from portal.servers.models import DicomServer
from portal.studies.models import Study, StudyPhysician

LISTED_AT_MOST: Final = 10_000
"""Studies found by a physician's name are listed by their keys up to here, so that the planner knows how few they
are and fetches just them; beyond, they are so many that walking an index in the order of the list meets them soon."""


def visible_studies(user: User | AnonymousUser, *, now: datetime | None = None) -> QuerySet[Study]:
    """Every holding that the person may view at `now`; everybody else's are not in it.

    The access rows are read first and become plain lists of keys, one condition a rule: PostgreSQL then knows how
    selective each is, needs no join and returns no row twice. The queryset holds for the request that asked.
    """
    moment = now or timezone.now()
    if not isinstance(user, User) or not user.is_active:
        return Study.objects.none()
    access = Q(pk__in=[])
    for rule in (_as_radiologist, _as_referring_doctor, _as_patient, _by_grants):
        access |= rule(user, moment)
    return Study.objects.filter(access)


def explain(user: User | AnonymousUser, study: Study, *, now: datetime | None = None) -> Decision:
    """Why the person may see the holding at `now`, or the denial; agrees with `visible_studies` in every case."""
    if not isinstance(user, User) or not user.is_active:
        return DENIED
    return Decision(reasons_for(user, study, now or timezone.now()))


def holding_for(
    user: User | AnonymousUser, study_instance_uid: str, server_id: str | None = None
) -> tuple[Study, Decision] | None:
    """The holding that a study UID means to this person, with the decision; None where they may see none.

    Where several servers report the UID, `server_id` decides; without it the holding on a reachable server that is
    most complete, as a copy that somebody merely claims must never displace the one that can be read.
    """
    now = timezone.now()
    holdings = visible_studies(user, now=now).filter(study_instance_uid=study_instance_uid)
    if server_id is not None:
        try:
            holdings = holdings.filter(server_id=UUID(server_id))
        except ValueError:
            return None
    candidates = sorted(
        holdings.select_related("server__institution", "patient"),
        key=lambda study: (
            study.server.is_reachable(now),
            study.is_complete,
            study.number_of_study_related_instances,
            -study.pk,
        ),
        reverse=True,
    )
    for study in candidates:
        decision = explain(user, study, now=now)
        if decision.allowed:
            return study, decision
    return None


def _as_radiologist(user: User, now: datetime) -> Q:
    """All studies of one's institutions, and the studies assigned to a radiologist of any."""
    institution_ids = _institution_ids(user, Role.RADIOLOGIST, now)
    if not institution_ids:
        return Q(pk__in=[])
    assigned = running_assignments(user, AssignmentPart.RADIOLOGIST, now).filter(study__isnull=False)
    return Q(server_id__in=_server_ids(institution_ids)) | Q(pk__in=list(assigned.values_list("study_id", flat=True)))


def _as_referring_doctor(user: User, now: datetime) -> Q:
    """Studies of one institution that name the doctor as that institution writes them, and patients assigned there."""
    access = Q(pk__in=[])
    for membership in running_memberships(user, Role.REFERRING_DOCTOR, now):
        names = PhysicianAlias.objects.filter(membership=membership).exclude(name_key="")
        server_ids = _server_ids([membership.institution_id])
        access |= _naming(list(names.values_list("name_key", flat=True)), server_ids)
        # The patient row belongs to the institution too: the study and the patient must both be of this one.
        patients = running_assignments(user, AssignmentPart.REFERRING_DOCTOR, now).filter(
            patient__institution_id=membership.institution_id
        )
        access |= Q(patient_id__in=list(patients.values_list("patient_id", flat=True)), server_id__in=server_ids)
    return access


def _naming(name_keys: list[str], server_ids: list[UUID]) -> Q:
    """Studies on these servers that name one of these physicians."""
    if not name_keys or not server_ids:
        return Q(pk__in=[])
    named = StudyPhysician.objects.filter(name_key__in=name_keys, study__server_id__in=server_ids)
    study_ids = list(named.values_list("study_id", flat=True)[: LISTED_AT_MOST + 1])
    if len(study_ids) <= LISTED_AT_MOST:
        return Q(pk__in=study_ids)
    return Q(pk__in=StudyPhysician.objects.filter(name_key__in=name_keys).values("study_id"), server_id__in=server_ids)


def _as_patient(user: User, now: datetime) -> Q:
    """The studies of every patient row that carries the person's own national ID."""
    if not running_memberships(user, Role.PATIENT, now).exists():
        return Q(pk__in=[])
    return Q(patient_id__in=own_patients(user).patient_ids)


def _by_grants(user: User, now: datetime) -> Q:
    """What was given to the person, whatever their roles."""
    grants = running_grants(user, now)
    studies = grants.filter(study__isnull=False).values_list("study_id", flat=True)
    patients = grants.filter(patient__isnull=False).values_list("patient_id", flat=True)
    return Q(pk__in=list(studies)) | Q(patient_id__in=list(patients))


def _institution_ids(user: User, role: Role, now: datetime) -> list[int]:
    return list(running_memberships(user, role, now).values_list("institution_id", flat=True))


def _server_ids(institution_ids: Iterable[int]) -> list[UUID]:
    return list(DicomServer.objects.filter(institution_id__in=institution_ids).values_list("pk", flat=True))
