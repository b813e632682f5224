"""The People page as values: whom the administrator manages, with which roles, a page at a time."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.accounts.models import User
from portal.institutions.models import Institution, Membership, Role
from portal.institutions.rights import Reach, institutions_open_to, people_managed_by, reach_of
from portal.institutions.selectors import running_grants_given

PAGE_SIZE: Final = 50
_BY_NAME: Final = ("last_name", "first_name", "username")
Place = dict[str, str]
"""The name by which somebody stands in the list."""


class UnknownPlace(ValueError):
    """The page is to begin at a person who is not in the list."""


@dataclass(frozen=True)
class HeldRole:
    """A role that one of the people holds; `may_end` is False for one's own and for those of others to end."""

    membership: Membership
    may_end: bool
    takes_aliases: bool
    """True for doctors of an own institution, whose studies are found by their name."""
    aliases: tuple[str, ...]
    """How the equipment writes a referring doctor."""

    @property
    def is_suspended(self) -> bool:
        """True while an administrator keeps the person out of it."""
        return self.membership.suspended_at is not None


@dataclass(frozen=True)
class PersonRow:
    """One of the people. The national ID itself is never shown, only that it is set and by whom."""

    person: User
    roles: tuple[HeldRole, ...]
    has_national_id: bool
    national_id_set_by: str
    may_set_national_id: bool
    may_suspend_account: bool
    is_other: bool
    grants_given: int
    """How many accesses that they gave run now."""

    @property
    def may_suspend(self) -> bool:
        """True where a running role of theirs can be suspended."""
        return any(role.may_end and not role.is_suspended for role in self.roles)

    @property
    def may_resume(self) -> bool:
        """True where a suspended role of theirs can be given back."""
        return any(role.may_end and role.is_suspended for role in self.roles)

    @property
    def may_remove(self) -> bool:
        """True where a role of theirs can be ended."""
        return any(role.may_end for role in self.roles)

    @property
    def is_suspended(self) -> bool:
        """True where nothing of theirs that is shown runs."""
        return not self.person.is_active or (bool(self.roles) and all(role.is_suspended for role in self.roles))


@dataclass(frozen=True)
class PeoplePage:
    """All of the page."""

    institutions: tuple[Institution, ...]
    """Where roles may be given."""
    whole_network: bool
    rows: tuple[PersonRow, ...]
    total: int
    """How many people fit the search."""
    search: str
    roles: tuple[tuple[str, str], ...]
    """What may be given: code and words."""
    previous: str
    """The person before whom the page before ends; empty on the first."""
    next: str
    """The person after whom the next page begins; empty on the last."""


def people_page(
    administrator: User, *, search: str = "", after: UUID | None = None, before: UUID | None = None
) -> PeoplePage:
    """The people whom an administrator may manage and whom the words of `search` name. Raises UnknownPlace."""
    reach = reach_of(administrator)
    known = people_managed_by(administrator)
    found = people_named(known, search)
    people, has_earlier, has_later = _page(found, _place(known, after), _place(known, before))
    given = running_grants_given(people)
    return PeoplePage(
        institutions=tuple(institutions_open_to(administrator)),
        whole_network=reach.is_system,
        rows=tuple(_row(administrator, reach, person, given.get(person.pk, 0)) for person in people),
        total=found.count(),
        search=search,
        roles=_givable(reach),
        previous=str(people[0].subject) if people and has_earlier else "",
        next=str(people[-1].subject) if people and has_later else "",
    )


def people_named(people: QuerySet[User], search: str) -> QuerySet[User]:
    """Those of the people whose name, user name or address holds each word."""
    for word in search.split():
        people = people.filter(
            Q(last_name__icontains=word)
            | Q(first_name__icontains=word)
            | Q(username__icontains=word)
            | Q(email__icontains=word)
        )
    return people


def _page(found: QuerySet[User], after: Place | None, before: Place | None) -> tuple[list[User], bool, bool]:
    """One page by name, and whether there are people before it and after it."""
    if before is not None:
        earlier = found.filter(_beside(before, "lt")).order_by(*[f"-{name}" for name in _BY_NAME])
        people = list(earlier[: PAGE_SIZE + 1])
        return people[:PAGE_SIZE][::-1], len(people) > PAGE_SIZE, True
    later = found.filter(_beside(after, "gt")) if after is not None else found
    people = list(later[: PAGE_SIZE + 1])
    return people[:PAGE_SIZE], after is not None, len(people) > PAGE_SIZE


def _place(known: QuerySet[User], subject: UUID | None) -> Place | None:
    if subject is None:
        return None
    person = known.filter(subject=subject).first()
    if person is None:
        raise UnknownPlace
    return {name: str(getattr(person, name)) for name in _BY_NAME}


def _beside(place: Place, way: str) -> Q:
    condition, same = Q(), Q()
    for name in _BY_NAME:
        beyond: dict[str, Any] = {f"{name}__{way}": place[name]}
        condition |= same & Q(**beyond)
        same &= Q(**{name: place[name]})
    return condition


def _givable(reach: Reach) -> tuple[tuple[str, str], ...]:
    anywhere = reach.roles_in(next(iter(reach.managed), 0))
    return tuple((role.value, str(role.label)) for role in Role if role in anywhere)


def _row(administrator: User, reach: Reach, person: User, grants_given: int) -> PersonRow:
    held: list[Membership] = person.held  # type: ignore[attr-defined]
    identity = getattr(person, "national_identity", None)
    is_other = person.pk != administrator.pk
    own_patient = any(one.role == Role.PATIENT and one.institution_id in reach.managed for one in held)
    return PersonRow(
        person=person,
        roles=tuple(_role(reach, membership, is_other=is_other) for membership in held),
        has_national_id=identity is not None,
        national_id_set_by=identity.asserted_by if identity else "",
        may_set_national_id=is_other and own_patient,
        may_suspend_account=is_other and reach.is_system,
        is_other=is_other,
        grants_given=grants_given,
    )


def _role(reach: Reach, membership: Membership, *, is_other: bool) -> HeldRole:
    return HeldRole(
        membership=membership,
        may_end=is_other and membership.role in reach.roles_in(membership.institution_id),
        takes_aliases=membership.role == Role.REFERRING_DOCTOR and membership.institution_id in reach.managed,
        aliases=tuple(alias.written_as for alias in membership.physician_aliases.all()),
    )
