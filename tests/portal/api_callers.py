"""People who call the API in tests, each with something to see."""

from dataclasses import dataclass

from knox.models import get_token_model

from portal.accounts.models import User
from portal.institutions.models import Role
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory


@dataclass(frozen=True)
class Caller:
    """A person with an API token; `token` is empty for nobody."""

    role: str
    token: str
    user: User | None = None


def make_caller(role: str) -> Caller:
    """A person who holds the role in an institution of their own; "nobody" is not signed in."""
    if role == "nobody":
        return Caller(role, "")
    user = MembershipFactory(role=Role(role), institution=InstitutionFactory()).user
    _, token = get_token_model().objects.create(user)
    return Caller(role, token, user)
