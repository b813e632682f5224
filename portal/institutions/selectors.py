"""Reads of who holds which role where."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Prefetch, Q, QuerySet
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
    held = Membership.objects.filter(running_membership(now or timezone.now()), user=user)
    return held.select_related("institution").order_by("pk")


def chosen_membership(user: User, membership_pk: int | None) -> Membership | None:
    """The hat that a person wears: the one chosen where they still hold it, else their first."""
    return worn_of(list(running_memberships(user)), membership_pk)


def worn_of(held: list[Membership], membership_pk: int | None) -> Membership | None:
    """Of the roles that a person holds, the one chosen, else the first."""
    chosen = [membership for membership in held if membership.pk == membership_pk]
    return next(iter(chosen or held), None)


def institutions_of(user: User, role: Role) -> QuerySet[Institution]:
    """The institutions in which a person holds a role now."""
    return Institution.objects.filter(pk__in=running_memberships(user).filter(role=role).values("institution"))


def institutions_managed_by(user: User) -> QuerySet[Institution]:
    """The institutions whose people a person may manage."""
    return institutions_of(user, Role.INSTITUTION_ADMINISTRATOR)


def people_of(institutions: QuerySet[Institution]) -> QuerySet[User]:
    """People who hold a role in the institutions, suspended or not, each with those roles as `held` and no others."""
    return people_with(Membership.objects.filter(open_at(timezone.now()), institution__in=institutions))


def people_with(held: QuerySet[Membership]) -> QuerySet[User]:
    """People who hold one of these roles, each with those roles as `held` and no others."""
    return with_held(User.objects.filter(pk__in=held.values("user")), held)


def with_held(people: QuerySet[User], held: QuerySet[Membership]) -> QuerySet[User]:
    """People by name, each with those of the roles that are theirs as `held`."""
    roles = held.select_related("institution").prefetch_related("physician_aliases").order_by("pk")
    named = people.select_related("national_identity").order_by("last_name", "first_name", "username")
    return named.prefetch_related(Prefetch("memberships", queryset=roles, to_attr="held"))


def open_memberships_to_change(person: User) -> QuerySet[Membership]:
    """The roles of a person that have not ended, suspended or not, locked for the transaction."""
    found = Membership.objects.select_for_update(of=("self",)).filter(open_at(timezone.now()), user=person)
    return found.select_related("institution", "user").order_by("pk")


def running_grants_given(people: Iterable[User]) -> dict[int, int]:
    """How many accesses that each of the people gave run now, by their key; those who gave none are left out.

    Grants are kept above this app, so they are reached through the people who gave them.
    """
    running = Q(grants_given__revoked_at__isnull=True, grants_given__valid_until__gt=timezone.now())
    counted = User.objects.filter(pk__in=[person.pk for person in people]).annotate(
        running=Count("grants_given", filter=running)
    )
    return dict(counted.filter(running__gt=0).values_list("pk", "running"))


def locked_membership(pk: int) -> Membership | None:
    """A membership, locked for the transaction."""
    found = Membership.objects.select_for_update(of=("self",)).select_related("institution", "user")
    return found.filter(pk=pk).first()


def aliases_of(membership: Membership) -> QuerySet[PhysicianAlias]:
    """How the institution's equipment writes the person's name."""
    return membership.physician_aliases.order_by("written_as")


def open_at(now: datetime) -> Q:
    """Roles that have begun and not ended, though they may be suspended."""
    return Q(since__lte=now) & ends_after(now)


def ends_after(now: datetime) -> Q:
    """Roles that have not ended, whether or not they have begun."""
    return Q(ended_at__isnull=True) | Q(ended_at__gt=now)


def running_membership(now: datetime) -> Q:
    """Roles that have begun, have not ended, and are not suspended."""
    return open_at(now) & Q(suspended_at__isnull=True)
