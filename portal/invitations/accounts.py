"""The account of somebody who was not known before, and the proof of an address that a link brings."""

import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from allauth.account.models import EmailAddress

from audit.actors import Actor
from portal.accounts.models import User

_LONGEST_NAME: Final = 40
_TRIES: Final = 20


@dataclass(frozen=True)
class NewAccount:
    """What somebody says of themselves; without a password they sign in by a passkey or a code."""

    first_name: str
    last_name: str
    academic_title: str = ""
    password: str | None = field(default=None, repr=False)


def make_account(*, email: str, account: NewAccount) -> User:
    """Return a new person with a user name made of the address, which counts as proven."""
    person = User(
        username=free_username(email),
        first_name=account.first_name,
        last_name=account.last_name,
        academic_title=account.academic_title,
        email=email,
    )
    person.set_password(account.password)
    person.save()
    prove_address(person, email)
    return person


def prove_address(person: User, email: str) -> None:
    """Keep that a person reads what is sent to an address."""
    row, _ = EmailAddress.objects.get_or_create(user=person, email=email)
    row.verified = True
    row.primary = not EmailAddress.objects.filter(user=person, primary=True).exclude(pk=row.pk).exists()
    row.save(update_fields=["verified", "primary"])


def free_username(email: str) -> str:
    """A user name made of the address that nobody has."""
    base = re.sub(r"[^a-z0-9._-]+", "", email.partition("@")[0].lower())[:_LONGEST_NAME] or "person"
    for number in range(1, _TRIES):
        name = base if number == 1 else f"{base}{number}"
        if not User.objects.filter(username__iexact=name).exists():
            return name
    return f"{base}-{secrets.token_hex(8)}"


def account_actor(person: User, seen: Actor) -> Actor:
    """The new person as the actor of what they did before they were signed in."""
    return Actor(
        actor_id=str(person.subject),
        name=person.full_name,
        role="",
        remote_address=seen.remote_address,
        request_id=seen.request_id,
    )
