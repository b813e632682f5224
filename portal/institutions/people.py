"""The People page as values: who belongs to the administrator's institutions, with which roles."""

from dataclasses import dataclass

from portal.accounts.models import User
from portal.institutions.models import Institution, Membership, Role
from portal.institutions.rights import GIVABLE_BY_ADMINISTRATORS
from portal.institutions.selectors import institutions_managed_by, people_of


@dataclass(frozen=True)
class HeldRole:
    """A role that one of the people holds; `may_end` is False for one's own and for those of the whole network."""

    membership: Membership
    may_end: bool
    aliases: tuple[str, ...]
    """How the equipment writes a referring doctor."""

    @property
    def takes_aliases(self) -> bool:
        """True for doctors, whose studies are found by their name."""
        return self.membership.role == Role.REFERRING_DOCTOR


@dataclass(frozen=True)
class PersonRow:
    """One of the people. The national ID itself is never shown, only that it is set and by whom."""

    person: User
    roles: tuple[HeldRole, ...]
    has_national_id: bool
    national_id_set_by: str
    may_set_national_id: bool


@dataclass(frozen=True)
class PeoplePage:
    """All of the page."""

    institutions: tuple[Institution, ...]
    rows: tuple[PersonRow, ...]
    roles: tuple[tuple[str, str], ...]
    """What may be given: code and words."""


def people_page(administrator: User) -> PeoplePage:
    """The people whom an administrator may manage."""
    managed = institutions_managed_by(administrator)
    return PeoplePage(
        institutions=tuple(managed),
        rows=tuple(_row(administrator, person) for person in people_of(managed)),
        roles=tuple((role.value, str(role.label)) for role in Role if role in GIVABLE_BY_ADMINISTRATORS),
    )


def _row(administrator: User, person: User) -> PersonRow:
    held: list[Membership] = person.held  # type: ignore[attr-defined]
    identity = getattr(person, "national_identity", None)
    is_other = person.pk != administrator.pk
    return PersonRow(
        person=person,
        roles=tuple(
            HeldRole(
                membership=membership,
                may_end=is_other and membership.role in GIVABLE_BY_ADMINISTRATORS,
                aliases=tuple(alias.written_as for alias in membership.physician_aliases.all()),
            )
            for membership in held
        ),
        has_national_id=identity is not None,
        national_id_set_by=identity.asserted_by if identity else "",
        may_set_national_id=is_other and any(membership.role == Role.PATIENT for membership in held),
    )
