"""What tests of the national sign-in share: the portal's settings for a provider, and the way there and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client, override_settings

from audit.models import AuditEvent
from portal.accounts.models import NationalIdentity, User
from portal.institutions.models import Membership
from tests.identity_provider import Account, IdentityProvider

START = "/oidc/authenticate/"
CALLBACK = "http://testserver/oidc/callback/"
SIGN_IN_PAGE = "http://testserver/accounts/login/"


def national_settings(issuer: str, client_id: str, client_secret: str, **others: Any) -> dict[str, Any]:
    """The settings with which a portal trusts a provider."""
    return {
        "NATIONAL_OIDC_ISSUER": issuer,
        "NATIONAL_OIDC_CLIENT_ID": client_id,
        "NATIONAL_OIDC_CLIENT_SECRET": client_secret,
        "OIDC_RP_SCOPES": "openid profile national_id",
        **others,
    }


@contextmanager
def trusting(provider: IdentityProvider, **others: Any) -> Iterator[None]:
    """A portal that trusts this provider."""
    with override_settings(**national_settings(provider.issuer, provider.client_id, provider.client_secret, **others)):
        yield


def asked_of(client: Client, start: str = START) -> tuple[str, dict[str, str]]:
    """Where the portal sends the browser, and what it asks there."""
    response = client.get(start)
    assert response.status_code == 302, response.content.decode()
    address = response["Location"]
    return address, {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def came_back(client: Client, provider: IdentityProvider, account: Account, start: str = START) -> Any:
    """What the portal answers to an account that the provider sent back."""
    address, _ = asked_of(client, start)
    return client.get(provider.sign_in(address, account))


def is_signed_in(client: Client) -> bool:
    """True where the client's session is somebody's."""
    return "_auth_user_id" in client.session


def stored() -> tuple[int, int, int]:
    """How many people, identities and roles there are."""
    return User.objects.count(), NationalIdentity.objects.count(), Membership.objects.count()


def recorded() -> list[tuple[str, str, dict[str, Any]]]:
    """Every event of the audit: action, outcome, details."""
    return list(AuditEvent.objects.order_by("pk").values_list("action", "outcome", "details"))
