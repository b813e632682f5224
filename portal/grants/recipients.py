"""For whom access may be given: a person, all who hold a role somewhere, or whoever proves an e-mail address."""

from dataclasses import dataclass
from typing import Final

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from portal.accounts.models import Kind, User
from portal.grants.selectors import person_called
from portal.institutions.models import Institution, Role

READING_ROLES: Final = (Role.RADIOLOGIST, Role.REFERRING_DOCTOR)
"""Roles that look at images; no other is given access as a whole."""
_LONGEST_ADDRESS: Final = 254


@dataclass(frozen=True)
class RoleAt:
    """Everybody who holds the role in the institution, as long as they do."""

    role: Role
    institution: Institution


@dataclass(frozen=True)
class Address:
    """Whoever proves that this e-mail address is theirs."""

    email: str
    """In lower case."""


Recipient = User | RoleAt | Address


def recipient_called(text: str) -> User | Address | None:
    """What a giver typed: an address stays one, whoever it belongs to; else the person of this user name."""
    wanted = text.strip()
    if "@" in wanted and len(wanted) <= _LONGEST_ADDRESS:
        try:
            validate_email(wanted)
        except ValidationError:
            return person_called(wanted)
        return Address(wanted.lower())
    return person_called(wanted)


def person_of_address(address: Address) -> User | None:
    """The one active person who proved the address; None for nobody, and where two did."""
    proved = EmailAddress.objects.filter(email__iexact=address.email, verified=True)
    found = list(User.objects.filter(pk__in=proved.values("user"), is_active=True, kind=Kind.PERSON)[:2])
    return found[0] if len(found) == 1 else None


def is_own_address(person: User, address: Address) -> bool:
    """True where the address is known as the person's, proved or not."""
    own = EmailAddress.objects.filter(user=person, email__iexact=address.email)
    return person.email.lower() == address.email or own.exists()
