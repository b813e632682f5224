"""Bounds how often one person, or one address where nobody is signed in, calls the REST API."""

from typing import Any

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import AnonRateThrottle, ScopedRateThrottle, UserRateThrottle

from portal.accounts.actors import remote_address


class _ByOurAddress:
    """Counts by the address that our own proxies tell, never by one that the caller writes."""

    scope: Any

    def get_rate(self) -> str | None:
        """The rate of the settings that hold now."""
        rate: str | None = api_settings.DEFAULT_THROTTLE_RATES[self.scope]
        return rate

    def get_ident(self, request: Request) -> str:
        """The client's address."""
        return remote_address(request)


class PersonThrottle(_ByOurAddress, UserRateThrottle):  # type: ignore[misc]
    """So many requests a person, by session and tokens together."""

    scope = "person"


class AddressThrottle(_ByOurAddress, AnonRateThrottle):  # type: ignore[misc]
    """So many requests an address without a person."""

    scope = "address"


class SignInThrottle(_ByOurAddress, ScopedRateThrottle):  # type: ignore[misc]
    """Few of what makes or proves a way in; a view names itself by `throttle_scope = "sign_in"`."""

    scope = "sign_in"
