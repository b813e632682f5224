"""Reads of who holds which role where."""

from datetime import datetime

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.institutions.models import Institution, Membership, PhysicianAlias, Role


def number_of_institutions() -> int:
    """How many institutions the network has; the register of patients has no images."""
    return Institution.objects.exclude(code=settings.NATIONAL_PATIENTS_INSTITUTION).count()


def running_memberships(user: User, now: datetime | None = None) -> QuerySet[Membership]:
    """The roles that a person holds now, the oldest first."""
    if not user.is_active:
        return Membership.objects.none()
    held = Membership.objects.filter(_running(now or timezone.now()), user=user)
    return held.select_related("institution").order_by("pk")


def chosen_membership(user: User, membership_pk: int | None) -> Membership | None:
    """The hat that a person wears: the one chosen where they still hold it, else their first."""
    held = list(running_memberships(user))
    chosen = [membership for membership in held if membership.pk == membership_pk]
    return next(iter(chosen or held), None)


def institutions_of(user: User, role: Role) -> QuerySet[Institution]:
    """The institutions in which a person holds a role now."""
    return Institution.objects.filter(pk__in=running_memberships(user).filter(role=role).values("institution"))


def institutions_managed_by(user: User) -> QuerySet[Institution]:
    """The institutions whose people a person may manage."""
    return institutions_of(user, Role.INSTITUTION_ADMINISTRATOR)


def people_of(institutions: QuerySet[Institution]) -> QuerySet[User]:
    """People who hold a role in the institutions, each with those roles as `held` and no others."""
    held = Membership.objects.filter(_running(timezone.now()), institution__in=institutions)
    roles = held.select_related("institution").prefetch_related("physician_aliases").order_by("pk")
    people = User.objects.filter(pk__in=held.values("user")).select_related("national_identity")
    return people.prefetch_related(Prefetch("memberships", queryset=roles, to_attr="held")).order_by(
        "last_name", "first_name", "username"
    )


def locked_membership(pk: int) -> Membership | None:
    """A membership, locked for the transaction."""
    found = Membership.objects.select_for_update(of=("self",)).select_related("institution", "user")
    return found.filter(pk=pk).first()


def aliases_of(membership: Membership) -> QuerySet[PhysicianAlias]:
    """How the institution's equipment writes the person's name."""
    return membership.physician_aliases.order_by("written_as")


def _running(now: datetime) -> Q:
    return Q(since__lte=now, suspended_at__isnull=True) & (Q(ended_at__isnull=True) | Q(ended_at__gt=now))
