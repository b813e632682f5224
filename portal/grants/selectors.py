"""What there is to read about access given: grants on a study, and the revocations that servers must know."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from portal.accounts.models import Kind, User
from portal.grants.models import Grant, GrantKind, Revocation
from portal.grants.people import Anyone
from portal.grants.running import received_by, running_in
from portal.institutions.models import Membership, Role
from portal.servers.models import DicomServer
from portal.studies.models import Study
from wire.heartbeats import MAX_REVOCATIONS

REVOCATIONS_REACH_BACK: Final = timedelta(minutes=10)
"""Twice the life of the longest token: whatever was issued before is dead by itself."""


@dataclass(frozen=True)
class TokenRevocation:
    """No token of `subject` that was issued until `revoked_at` opens the study, or any study where it is None."""

    subject: UUID
    study_instance_uid: str | None
    revoked_at: datetime


def grants_on(study: Study, *, now: datetime | None = None) -> QuerySet[Grant]:
    """Grants that open the holding now or will later, the one that ends first on top."""
    moment = now or timezone.now()
    open_grants = Grant.objects.filter(revoked_at__isnull=True, valid_until__gt=moment)
    return (
        open_grants.filter(Q(study=study) | Q(patient_id=study.patient_id))
        .select_related("user", "role_institution", "granted_by", "study", "patient")
        .order_by("valid_until", "pk")
    )


def grants_given_by(user: User, *, now: datetime | None = None) -> QuerySet[Grant]:
    """What the person gave to others and nobody took back, until it ends; share links have a list of their own."""
    given = Grant.objects.filter(granted_by=user).exclude(kind__in=(GrantKind.SHARE_LINK, GrantKind.BREAK_GLASS))
    return _open_and_named(given, now or timezone.now())


def grants_received_by(user: User, *, now: datetime | None = None) -> QuerySet[Grant]:
    """What was given to the person, to a role that they hold or to their address, until it ends.

    Access without identity is left out: it names no study.
    """
    moment = now or timezone.now()
    received = received_by(user, moment).filter(without_identity=False)
    return _open_and_named(received, moment)


def _open_and_named(grants: QuerySet[Grant], now: datetime) -> QuerySet[Grant]:
    rows = grants.filter(revoked_at__isnull=True, valid_until__gt=now)
    return rows.select_related("user", "role_institution", "granted_by").order_by("valid_until", "pk")


def grants_known_to(user: Anyone, *, now: datetime | None = None) -> QuerySet[Grant]:
    """Grants that a person gave, received, or oversees as administrator of the owning institution."""
    moment = now or timezone.now()
    administered = list(administered_institutions(user, moment))
    known = Q(user=user) | Q(granted_by=user)
    if administered:
        known |= Q(study__server__institution_id__in=administered) | Q(patient__institution_id__in=administered)
    return Grant.objects.filter(known).select_related("user", "granted_by", "revoked_by", "study__server", "patient")


def may_revoke(user: User, grant: Grant, *, now: datetime | None = None) -> bool:
    """True for the giver, and for an administrator of the institution that owns what was given."""
    if grant.granted_by_id == user.pk:
        return True
    return owner_of(grant) in set(administered_institutions(user, now or timezone.now()))


def owner_of(grant: Grant) -> int:
    """Key of the institution that owns what the grant opens."""
    if grant.study is not None:
        return grant.study.server.institution_id
    if grant.patient is not None:
        return grant.patient.institution_id
    raise ValueError("A grant names a study or a patient.")


def administered_institutions(user: Anyone, now: datetime) -> Iterable[int]:
    """Keys of the institutions that the person administers."""
    if not isinstance(user, User):
        return ()
    return running_in(user, now, Role.INSTITUTION_ADMINISTRATOR).values_list("institution_id", flat=True)


def running_grants_given_by(user: User, study_ids: Iterable[int], patient_ids: Iterable[int]) -> QuerySet[Grant]:
    """Grants of the giver on these studies and patients that nobody took back and that have not ended, locked."""
    grants = Grant.objects.filter(granted_by=user, revoked_at__isnull=True, valid_until__gt=timezone.now())
    on_target = grants.filter(Q(study_id__in=study_ids) | Q(patient_id__in=patient_ids))
    return on_target.select_for_update(of=("self",)).select_related("user", "study", "patient").order_by("pk")


def grant_to_change(grant_id: UUID) -> Grant | None:
    """The grant with its row locked until the transaction ends."""
    grants = Grant.objects.select_for_update(of=("self",))
    return grants.select_related("user", "granted_by", "study__server", "patient").filter(pk=grant_id).first()


def person_to_change(user_id: int) -> User:
    """The person with the row locked: what takes tokens back and what issues them take turns on it."""
    return User.objects.select_for_update().get(pk=user_id)


def person_called(name: str) -> User | None:
    """The active person of this user name or e-mail address; None for nobody, and where two share the address."""
    wanted = name.strip()
    if not wanted:
        return None
    people = User.objects.filter(is_active=True, kind=Kind.PERSON)
    found = list(people.filter(Q(username=wanted) | Q(email__iexact=wanted))[:2])
    return found[0] if len(found) == 1 else None


def revocations_for(server: DicomServer, now: datetime) -> tuple[TokenRevocation, ...]:
    """What one server must refuse at `now`: access that ended in the last ten minutes.

    A role that ended closes every study at once and leaves no row of its own, so it is read from the membership.
    Who still may see a study by another rule asks for a new token and goes on.
    """
    since = now - REVOCATIONS_REACH_BACK
    rows = Revocation.objects.filter(server=server, revoked_at__gt=since).order_by("revoked_at", "pk")
    told = [TokenRevocation(row.subject, row.study_instance_uid or None, row.revoked_at) for row in rows]
    told += _roles_ended_between(since, now)
    told += _people_suspended_between(since, now)
    # A flood leaves the newest: the server was told of the older ones at its last heartbeats and remembers them.
    return tuple(sorted(told, key=lambda revocation: revocation.revoked_at)[-MAX_REVOCATIONS:])


def _roles_ended_between(since: datetime, now: datetime) -> list[TokenRevocation]:
    opening = (Role.RADIOLOGIST, Role.REFERRING_DOCTOR, Role.PATIENT, Role.CONSULTANT)
    memberships = Membership.objects.filter(role__in=opening).annotate(subject=F("user__subject"))
    ended = memberships.filter(ended_at__gt=since, ended_at__lte=now).values_list("subject", "ended_at")
    suspended = memberships.filter(suspended_at__gt=since, suspended_at__lte=now).values_list("subject", "suspended_at")
    rows = [*ended.order_by("ended_at", "pk"), *suspended.order_by("suspended_at", "pk")]
    return [TokenRevocation(subject, None, at) for subject, at in rows if at is not None]


def _people_suspended_between(since: datetime, now: datetime) -> list[TokenRevocation]:
    suspended = User.objects.filter(suspended_at__gt=since, suspended_at__lte=now).order_by("suspended_at", "pk")
    rows = suspended.values_list("subject", "suspended_at")
    return [TokenRevocation(subject, None, at) for subject, at in rows if at is not None]
