"""Bounds how often one person, or one address where nobody is signed in, calls the REST API."""

from typing import Any

from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import AnonRateThrottle, ScopedRateThrottle, UserRateThrottle

from portal.accounts.actors import remote_address


class _ByOurAddress:
    """Counts by the address that our own proxies tell, never by one that the caller writes."""

    scope: Any

    def get_rate(self) -> str:
        """The rate of the settings that hold now."""
        return str(api_settings.DEFAULT_THROTTLE_RATES[self.scope])

    def get_ident(self, request: Request) -> str:
        """The client's address."""
        return remote_address(request)


class PersonThrottle(_ByOurAddress, UserRateThrottle):
    """So many requests a person, by session and tokens together."""

    scope = "person"


class AddressThrottle(_ByOurAddress, AnonRateThrottle):
    """So many requests an address without a person."""

    scope = "address"


class TurnedAwayThrottle(AddressThrottle):
    """So many requests an address that are turned away before anybody is known to have sent them."""

    def get_cache_key(self, request: Request, view: Any) -> str:  # noqa: ARG002
        """By address alone: who asks is what is being found out."""
        return str(self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)})

    @classmethod
    def count(cls, request: Request) -> None:
        """Count a request that is turned away. Raises Throttled, so that it leaves nothing more behind."""
        throttle = cls()
        # Whoever counts by a rate alone looks at no view.
        if not throttle.allow_request(request, None):  # type: ignore[arg-type]
            raise Throttled(throttle.wait())


class SignInThrottle(_ByOurAddress, ScopedRateThrottle):
    """Few of what makes or proves a way in; a view names itself by `throttle_scope = "sign_in"`."""

    scope = "sign_in"
