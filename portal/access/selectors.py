"""Reads of exceptional access: who decides, what waits, what runs on an institution's studies, what was opened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.access.models import AccessRequest, BreakGlassReview, RequestState
from portal.accounts.models import Kind, User
from portal.grants.break_glass import openings_at
from portal.grants.models import Grant, GrantKind
from portal.grants.people import Anyone
from portal.grants.selectors import administered_institutions
from portal.institutions.models import Institution, Membership, Role
from portal.institutions.selectors import running_memberships

PAGE_SIZE: Final = 50
REVIEWED_FOR: Final = timedelta(days=30)


@dataclass(frozen=True)
class Opening:
    """One break-glass opening with the mark of whoever reviewed it."""

    grant: Grant
    review: BreakGlassReview | None
    is_running: bool


@dataclass(frozen=True)
class GrantPage:
    """Running grants, and the key after which the next page begins."""

    grants: tuple[Grant, ...]
    next: UUID | None


def administrators_of(institution: Institution) -> list[User]:
    """Who administers the institution now."""
    people = User.objects.filter(
        is_active=True, memberships__institution=institution, memberships__role=Role.INSTITUTION_ADMINISTRATOR
    )
    return [person for person in people.distinct().order_by("pk") if _administers(person, institution)]


def requests_to_decide(user: Anyone) -> QuerySet[AccessRequest]:
    """Requests that wait for one of the institutions that the person administers, the oldest first."""
    return requests_of_institutions(user).filter(state=RequestState.OPEN).order_by("requested_at", "pk")


def requests_of_institutions(user: Anyone) -> QuerySet[AccessRequest]:
    """Every request for studies of the institutions that the person administers."""
    owners = list(administered_institutions(user, timezone.now()))
    return _shown(AccessRequest.objects.filter(study__server__institution_id__in=owners))


def requests_of(person: User) -> QuerySet[AccessRequest]:
    """What the person asked for, the newest first."""
    return _shown(AccessRequest.objects.filter(requester=person)).order_by("-requested_at", "-pk")


def requests_known_to(user: Anyone) -> QuerySet[AccessRequest]:
    """The requests that a person made, and those that they may decide."""
    owners = list(administered_institutions(user, timezone.now()))
    known = Q(study__server__institution_id__in=owners)
    if isinstance(user, User):
        known |= Q(requester=user)
    return _shown(AccessRequest.objects.filter(known))


def request_to_change(request_id: UUID) -> AccessRequest | None:
    """The request with its row locked until the transaction ends."""
    rows = AccessRequest.objects.select_for_update(of=("self",)).select_related(
        "requester", "study__server__institution", "study__patient__institution"
    )
    return rows.filter(pk=request_id).first()


def running_grants_at(institution_ids: Iterable[int], now: datetime, *, after: UUID | None = None) -> GrantPage:
    """Access given on the institutions' studies that runs or will run, newest first; `after` is the last key seen."""
    owners = list(institution_ids)
    grants = Grant.objects.filter(
        Q(study__server__institution_id__in=owners) | Q(patient__institution_id__in=owners),
        revoked_at__isnull=True,
        valid_until__gt=now,
    ).exclude(kind=GrantKind.BREAK_GLASS)
    last = Grant.objects.filter(pk=after).first() if after else None
    if last is not None:
        grants = grants.filter(Q(granted_at__lt=last.granted_at) | Q(granted_at=last.granted_at, pk__lt=last.pk))
    related = grants.select_related("user", "role_institution", "granted_by", "study__patient", "patient")
    found = list(related.order_by("-granted_at", "-pk")[: PAGE_SIZE + 1])
    shown = tuple(found[:PAGE_SIZE])
    return GrantPage(shown, shown[-1].pk if len(found) > PAGE_SIZE else None)


def recent_openings(institution_ids: Iterable[int], now: datetime) -> list[Opening]:
    """What doctors opened by break-glass in the last thirty days, the newest first."""
    grants = openings_at(institution_ids, now - REVIEWED_FOR).select_related("review__reviewed_by")
    return [Opening(grant, getattr(grant, "review", None), _runs(grant, now)) for grant in grants]


def person_of_name(name: str) -> User | None:
    """The person of this user name or e-mail address, suspended ones too; None for nobody, or more than one."""
    wanted = name.strip()
    if not wanted:
        return None
    found = User.objects.filter(Q(username=wanted) | Q(email__iexact=wanted), kind=Kind.PERSON)[:2]
    return found[0] if len(found) == 1 else None


def person_of_subject(subject: UUID) -> User | None:
    """The person whom the wire calls so."""
    return User.objects.filter(subject=subject, kind=Kind.PERSON).first()


def memberships_ever(person: User) -> list[Membership]:
    """Every role that the person holds, held or will hold."""
    return list(Membership.objects.filter(user=person).select_related("institution").order_by("pk"))


def _administers(person: User, institution: Institution) -> bool:
    held = running_memberships(person).filter(institution=institution, role=Role.INSTITUTION_ADMINISTRATOR)
    return held.exists()


def _runs(grant: Grant, now: datetime) -> bool:
    return grant.revoked_at is None and grant.valid_until > now


def _shown(requests: QuerySet[AccessRequest]) -> QuerySet[AccessRequest]:
    return requests.select_related(
        "requester", "decided_by", "grant", "study__server__institution", "study__patient__institution"
    ).prefetch_related("study__patient__identifiers")
