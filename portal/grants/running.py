"""The access rows that hold at a moment: the one place that says what "running" means."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from portal.accounts.models import User
from portal.grants.models import Assignment, Grant, Permission
from portal.institutions.models import Membership, Role
from portal.institutions.selectors import running_memberships


def running_in(user: User, now: datetime, *roles: Role) -> QuerySet[Membership]:
    """The person's memberships in these roles that have begun and not ended."""
    return running_memberships(user, now).filter(role__in=roles)


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
    held = (
        running_memberships(user, now)
        .order_by()
        .filter(role=OuterRef("role"), institution_id=OuterRef("role_institution_id"))
    )
    proved = EmailAddress.objects.filter(user=user, verified=True).values(address=Lower("email"))
    grants = Grant.objects.filter(running_at(now), permissions__contains=[Permission.VIEW])
    to_role = ~Q(role="") & Exists(held)
    to_address = ~Q(email="") & Q(email__in=proved)
    return grants.filter(Q(user=user) | to_role | to_address).order_by("valid_until", "pk")
