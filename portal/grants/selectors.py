"""What there is to read about access given: grants on a study, and the revocations that servers must know."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.accounts.models import Kind, User
from portal.grants.models import Assignment, Grant, GrantKind, Revocation
from portal.grants.people import Anyone
from portal.grants.running import everybodys_running, received_by, running_at, running_in
from portal.institutions.models import Membership, Role
from portal.servers.models import DicomServer
from portal.studies.models import Study
from wire.heartbeats import MAX_REVOCATIONS

STANDS_ON_GIVER: Final = (GrantKind.GIVEN, GrantKind.CONSULTATION, GrantKind.SHARE_LINK)
"""What was approved by an administrator, or opened for an emergency, never stood on what its giver sees."""
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
    if not isinstance(user, User):
        return Grant.objects.none()
    moment = now or timezone.now()
    administered = list(administered_institutions(user, moment))
    # Access without identity names the study that it hides: its receiver learns of it from the question alone.
    parts = [received_by(user, moment).filter(without_identity=False), Grant.objects.filter(granted_by=user)]
    if administered:
        parts.append(Grant.objects.filter(study__server__institution_id__in=administered))
        parts.append(Grant.objects.filter(patient__institution_id__in=administered))
    keys = [part.order_by().values("pk") for part in parts]
    known = Grant.objects.filter(pk__in=keys[0].union(*keys[1:], all=True))
    # Eight tables are the most that PostgreSQL joins in the best order.
    return known.select_related("user", "role_institution", "granted_by", "revoked_by", "study")


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


def running_grants_given_by(
    givers: Iterable[User], study_ids: Iterable[int], patient_ids: Iterable[int]
) -> QuerySet[Grant]:
    """Grants of the givers on these studies and patients that nobody took back and that have not ended, locked."""
    on_target = Q(study_id__in=study_ids) | Q(patient_id__in=patient_ids)
    return _to_change(open_grants_given_on().filter(on_target, granted_by__in=list(givers)))


def grants_in_doubt(givers: Iterable[int]) -> QuerySet[Grant]:
    """Open grants of these givers that their being a radiologist of the owner does not settle, locked."""
    return _to_change(_not_settled(open_grants_given_on().filter(granted_by__in=list(givers))))


def givers_in_doubt() -> list[int]:
    """Keys of all who gave something that their being a radiologist of the owner does not settle."""
    doubtful = _not_settled(open_grants_given_on()).order_by("granted_by")
    return list(doubtful.values_list("granted_by", flat=True).distinct())


def people_who_lost_access(since: datetime, now: datetime) -> set[int]:
    """Keys of people whose role, account or assignment ended between the two moments."""
    lost = Q(ended_at__gt=since, ended_at__lte=now)
    suspended = Q(suspended_at__gt=since, suspended_at__lte=now)
    return {
        *Membership.objects.filter(lost | suspended).values_list("user_id", flat=True),
        *Assignment.objects.filter(lost).values_list("user_id", flat=True),
        *User.objects.filter(suspended).values_list("pk", flat=True),
    }


def open_grants_given_on() -> QuerySet[Grant]:
    """Grants that stand on what their giver has, that nobody took back and that have not ended."""
    open_ones = Grant.objects.filter(revoked_at__isnull=True, valid_until__gt=timezone.now())
    return open_ones.filter(kind__in=STANDS_ON_GIVER)


def grants_that_end_soon(now: datetime, before: datetime) -> QuerySet[Grant]:
    """Given for more than a day, to a person or an address that was not written to; locked by one task at a time."""
    ending = Grant.objects.filter(running_at(now), valid_until__lte=before, end_told_at__isnull=True)
    told = ending.filter(kind__in=(GrantKind.GIVEN, GrantKind.REQUESTED), role="", without_identity=False)
    long_ones = told.filter(valid_until__gt=F("valid_from") + timedelta(days=1))
    return long_ones.select_related("user").select_for_update(of=("self",), skip_locked=True).order_by("pk")


def receivers_to_change(grant: Grant) -> list[User]:
    """Whom the grant lets in now, with their rows locked: the person, who holds the role, who proved the address."""
    people = User.objects.select_for_update(of=("self",)).order_by("pk")
    if grant.user_id is not None:
        return list(people.filter(pk=grant.user_id))
    if grant.role:
        held = everybodys_running(timezone.now()).filter(role=grant.role, institution=grant.role_institution)
        return list(people.filter(pk__in=held.values("user")))
    proved = EmailAddress.objects.filter(email__iexact=grant.email, verified=True)
    return list(people.filter(pk__in=proved.values("user")))


def _not_settled(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """Radiologists may share every study of their institution with every right, for as long as they are."""
    at = Coalesce("study__server__institution_id", "patient__institution_id")
    radiologists = everybodys_running(timezone.now()).filter(role=Role.RADIOLOGIST, ended_at__isnull=True)
    is_settled = Exists(radiologists.filter(user_id=OuterRef("granted_by_id"), institution_id=OuterRef("owner_id")))
    return grants.annotate(owner_id=at).filter(~is_settled)


def _to_change(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    rows = grants.select_for_update(of=("self",)).select_related("user", "role_institution", "granted_by")
    return rows.select_related("study__server__institution", "patient__institution").order_by("pk")


def grant_to_change(grant_id: UUID) -> Grant | None:
    """The grant with its row locked until the transaction ends."""
    grants = Grant.objects.select_for_update(of=("self",))
    whole = grants.select_related("user", "role_institution", "granted_by", "study__server", "patient")
    return whole.filter(pk=grant_id).first()


def person_to_change(user_id: int) -> User:
    """The person with the row locked: what takes tokens back and what issues them take turns on it."""
    return User.objects.select_for_update().get(pk=user_id)


def person_called(name: str) -> User | None:
    """The active person of this user name."""
    return User.objects.filter(is_active=True, kind=Kind.PERSON, username=name.strip()).first()


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
    told += _people_signed_out_between(since, now)
    # A flood leaves the newest: the server was told of the older ones at its last heartbeats and remembers them.
    return tuple(sorted(told, key=lambda revocation: revocation.revoked_at)[-MAX_REVOCATIONS:])


def _roles_ended_between(since: datetime, now: datetime) -> list[TokenRevocation]:
    # Administrators see no images, but may have some deleted.
    opening = {*Role} - {Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR}
    memberships = Membership.objects.filter(role__in=opening).annotate(subject=F("user__subject"))
    ended = memberships.filter(ended_at__gt=since, ended_at__lte=now).values_list("subject", "ended_at")
    suspended = memberships.filter(suspended_at__gt=since, suspended_at__lte=now).values_list("subject", "suspended_at")
    rows = [*ended.order_by("ended_at", "pk"), *suspended.order_by("suspended_at", "pk")]
    return [TokenRevocation(subject, None, at) for subject, at in rows if at is not None]


def _people_suspended_between(since: datetime, now: datetime) -> list[TokenRevocation]:
    suspended = User.objects.filter(suspended_at__gt=since, suspended_at__lte=now).order_by("suspended_at", "pk")
    rows = suspended.values_list("subject", "suspended_at")
    return [TokenRevocation(subject, None, at) for subject, at in rows if at is not None]


def _people_signed_out_between(since: datetime, now: datetime) -> list[TokenRevocation]:
    out = User.objects.filter(signed_out_everywhere_at__gt=since, signed_out_everywhere_at__lte=now)
    rows = out.order_by("signed_out_everywhere_at", "pk").values_list("subject", "signed_out_everywhere_at")
    return [TokenRevocation(subject, None, at) for subject, at in rows if at is not None]
