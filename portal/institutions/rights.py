"""Which roles a person may give, end and suspend, and where."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Reach:
    """How far a person's say over people goes."""

    managed: frozenset[int]
    """Keys of the institutions that they administer."""
    is_system: bool
    """True for who runs the network."""

    def roles_in(self, institution_pk: int) -> frozenset[Role]:
        """The roles that they may give in an institution, and end and suspend there."""
        own = GIVABLE_BY_ADMINISTRATORS if institution_pk in self.managed else frozenset()
        return own | (GIVABLE_BY_SYSTEM_ADMINISTRATORS if self.is_system else frozenset())


def reach_of(person: User) -> Reach:
    """How far the person's say goes now."""
    held = list(running_memberships(person).values_list("role", "institution_id"))
    return Reach(
        managed=frozenset(pk for role, pk in held if role == Role.INSTITUTION_ADMINISTRATOR),
        is_system=any(role == Role.SYSTEM_ADMINISTRATOR for role, _ in held),
    )


def givable_roles(person: User, institution: Institution) -> frozenset[Role]:
    """The roles that a person may give in an institution, and end and suspend there."""
    return reach_of(person).roles_in(institution.pk)


def people_managed_by(person: User) -> QuerySet[User]:
    """Those whom a person manages, by name, each with the roles as `held` that they may know of.

    A system administrator manages all who are more than patients, an institution's administrator its own people.
    """
    managed = institutions_managed_by(person)
    if not reach_of(person).is_system:
        return people_of(managed)
    open_ones = Membership.objects.filter(open_at(timezone.now()))
    known = open_ones.filter(~Q(role=Role.PATIENT) | Q(institution__in=managed))
    without_role = ~Q(pk__in=open_ones.values("user"))
    people = User.objects.filter(Q(pk__in=known.values("user")) | without_role, kind=Kind.PERSON)
    return with_held(people, known)


def institutions_open_to(person: User) -> QuerySet[Institution]:
    """The institutions in which a person may give a role: all for a system administrator."""
    if reach_of(person).is_system:
        return Institution.objects.order_by("name")
    return institutions_managed_by(person)


def manageable(person: User, memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    """Those of the roles that a person may end and suspend."""
    reach = reach_of(person)
    mine = Q(institution__in=reach.managed, role__in=GIVABLE_BY_ADMINISTRATORS)
    if reach.is_system:
        mine |= Q(role__in=GIVABLE_BY_SYSTEM_ADMINISTRATORS)
    return memberships.filter(mine)
