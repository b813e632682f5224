"""The access rows that hold at a moment: the one place that says what "running" means."""

from datetime import datetime
from typing import Final

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from portal.accounts.models import User
from portal.grants.models import Assignment, Grant, GrantKind, Permission
from portal.institutions.models import Membership, Role
from portal.institutions.selectors import running_memberships

DOCTORS: Final = (Role.RADIOLOGIST, Role.REFERRING_DOCTOR)
"""Who may open a study without permission in an emergency."""


def running_in(user: User, now: datetime, *roles: Role) -> QuerySet[Membership]:
    """The person's memberships in these roles that have begun and not ended."""
    return running_memberships(user, now).filter(role__in=roles)


def everybodys_running(now: datetime) -> QuerySet[Membership]:
    """The memberships of all people that have begun, not ended and are not suspended; see `running_memberships`."""
    begun = Membership.objects.filter(since__lte=now, suspended_at__isnull=True, user__is_active=True)
    return begun.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=now))


def running_assignments(user: User, now: datetime) -> QuerySet[Assignment]:
    """The person's assignments that are not taken back."""
    begun = Assignment.objects.filter(user=user, assigned_at__lte=now)
    return begun.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=now)).order_by("pk")


def running_at(now: datetime) -> Q:
    """Grants that have begun, not ended and are not revoked."""
    return Q(valid_from__lte=now, valid_until__gt=now, revoked_at__isnull=True)


def running_grants(user: User, now: datetime) -> QuerySet[Grant]:
    """The person's grants that let them view something now, with the identity of its patient."""
    return grants_for(user, now).filter(without_identity=False)


def grants_for(user: User, now: datetime) -> QuerySet[Grant]:
    """The running grants to the person, to a role that they hold, and to an address that they proved; one query."""
    # An opening by break-glass is no more than its doctor: it closes with the role in which it was made.
    is_doctor = Exists(running_in(user, now, *DOCTORS).order_by())
    grants = Grant.objects.filter(
        running_at(now), ~Q(kind=GrantKind.BREAK_GLASS) | is_doctor, permissions__contains=[Permission.VIEW]
    )
    return _received(grants, user, now).order_by("valid_until", "pk")


def received_by(user: User, now: datetime) -> QuerySet[Grant]:
    """All grants, ended and revoked ones too, to the person, to a role that they hold, and to their addresses."""
    return _received(Grant.objects.all(), user, now)


def _received(grants: QuerySet[Grant], user: User, now: datetime) -> QuerySet[Grant]:
    """Three questions, each read from an index of its own, put together: joined by OR they would read every grant."""
    held = (
        running_memberships(user, now)
        .order_by()
        .filter(role=OuterRef("role"), institution_id=OuterRef("role_institution_id"))
    )
    held_at = running_memberships(user, now).order_by().values("institution_id")
    proved = EmailAddress.objects.filter(user=user, verified=True).values(address=Lower("email"))
    to_person = grants.filter(user=user)
    to_role = grants.filter(~Q(role=""), Exists(held), role_institution_id__in=held_at)
    to_address = grants.filter(~Q(email=""), email__in=proved)
    keys = [part.order_by().values("pk") for part in (to_person, to_role, to_address)]
    return Grant.objects.filter(pk__in=keys[0].union(*keys[1:], all=True))
