"""The access rows that hold at a moment: the one place that says what "running" means."""

from datetime import datetime

from django.db.models import Q, QuerySet

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
    """The person's grants that let them view something now."""
    return Grant.objects.filter(running_at(now), user=user, permissions__contains=[Permission.VIEW]).order_by(
        "valid_until", "pk"
    )
