"""Which roles a person may give, end and suspend, and where."""

from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import Kind, User
from portal.institutions.models import Institution, Membership, Role
from portal.institutions.selectors import institutions_managed_by, open_at, people_of, running_memberships, with_held

GIVABLE_BY_ADMINISTRATORS: Final = frozenset({Role.RADIOLOGIST, Role.REFERRING_DOCTOR, Role.PATIENT, Role.CONSULTANT})
"""What an institution's administrator gives within it: roles of the institution's own people."""
GIVABLE_BY_SYSTEM_ADMINISTRATORS: Final = frozenset(
    {Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR}
)
"""What a system administrator gives anywhere: roles that govern others."""


def is_system_administrator(person: User) -> bool:
    """True for who runs the network."""
    return running_memberships(person).filter(role=Role.SYSTEM_ADMINISTRATOR).exists()


def may_manage(person: User) -> bool:
    """True for who manages people somewhere."""
    governing = (Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR)
    return running_memberships(person).filter(role__in=governing).exists()


def givable_roles(person: User, institution: Institution) -> frozenset[Role]:
    """The roles that a person may give in an institution, and end there."""
    held = set(running_memberships(person).values_list("role", "institution_id"))
    roles: frozenset[Role] = frozenset()
    if (Role.INSTITUTION_ADMINISTRATOR, institution.pk) in held:
        roles |= GIVABLE_BY_ADMINISTRATORS
    if any(role == Role.SYSTEM_ADMINISTRATOR for role, _ in held):
        roles |= GIVABLE_BY_SYSTEM_ADMINISTRATORS
    return roles


def people_managed_by(person: User) -> QuerySet[User]:
    """Those whom a person manages, by name, each with the roles as `held` that they may know of.

    A system administrator manages all who are more than patients, an institution's administrator its own people.
    """
    if not is_system_administrator(person):
        return people_of(institutions_managed_by(person))
    managed = institutions_managed_by(person)
    open_ones = Membership.objects.filter(open_at(timezone.now()))
    known = open_ones.filter(~Q(role=Role.PATIENT) | Q(institution__in=managed))
    nobody_yet = ~Q(pk__in=open_ones.values("user"))
    people = User.objects.filter(Q(pk__in=known.values("user")) | nobody_yet, kind=Kind.PERSON)
    return with_held(people, known)


def institutions_open_to(person: User) -> QuerySet[Institution]:
    """The institutions in which a person may give a role: all for a system administrator."""
    if is_system_administrator(person):
        return Institution.objects.order_by("name")
    return institutions_managed_by(person)
