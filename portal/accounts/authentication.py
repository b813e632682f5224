"""API tokens: knox's, with limits of our own: read-only ones, and roles that demand a second factor."""

from typing import Any, Final

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from audit.services import record_access_denied
from portal.accounts.actors import actor_for
from portal.accounts.models import ApiToken, User
from portal.accounts.problem_errors import ProblemError
from portal.accounts.services import note_use_of
from portal.accounts.throttles import TurnedAwayThrottle

MFA_REQUIRED: Final = "mfa_required"
TOKEN_READ_ONLY: Final = "token_read_only"  # noqa: S105 - a code of a problem
READS_BY_POST: Final = frozenset({"viewer_api:token"})
"""Names of addresses that change nothing although they are posted to."""


class ApiTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """`Authorization: Token …`."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        """Return the person and the token. Raises AuthenticationFailed, or ProblemError for what a token may not."""
        try:
            found = super().authenticate(request)
        except AuthenticationFailed:
            TurnedAwayThrottle.count(request)
            raise
        if found is None:
            return None
        person, token = found
        details = ApiToken.objects.filter(token=token).first()
        self._refuse_without_second_factor(request, person, details)
        if details is not None:
            if details.is_read_only and not _only_reads(request):
                _refuse(request, person, TOKEN_READ_ONLY, "This token only reads. Make one that may change things.")
            note_use_of(details)
        return person, token

    def authenticate_credentials(self, token: bytes) -> Any:
        """Return the person and the token. Raises AuthenticationFailed."""
        try:
            return super().authenticate_credentials(token)
        except UnicodeDecodeError as error:
            raise AuthenticationFailed from error

    def _refuse_without_second_factor(self, request: Request, person: User, details: ApiToken | None) -> None:
        # Roles stand above accounts: whether they demand one is asked for, not imported.
        demands = getattr(request, "demands_second_factor", None)
        if demands is None or (details is not None and details.made_with_second_factor):
            return
        if demands(person):
            words = "Your role needs a second factor. Sign in with one and make a new token."
            _refuse(request, person, MFA_REQUIRED, words)


def _only_reads(request: Request) -> bool:
    match = request._request.resolver_match  # noqa: SLF001 - the framework shows it nowhere else
    return request.method in SAFE_METHODS or (match is not None and match.view_name in READS_BY_POST)


def _refuse(request: Request, person: User, code: str, words: str) -> None:
    TurnedAwayThrottle.count(request)
    record_access_denied(actor=actor_for(request, person), tried=code)
    raise ProblemError(403, code, words)


class NobodyAuthentication(BaseAuthentication):
    """Comes last and finds nobody: bounds how often an address asks without saying who it is.

    The framework asks for rates after it has turned away whoever is not signed in, which each time leaves an event.
    """

    def authenticate(self, request: Request) -> None:
        """Count the request. Raises Throttled."""
        TurnedAwayThrottle.count(request)


class NobodyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """No way in, so there is nothing to describe."""

    target_class = "portal.accounts.authentication.NobodyAuthentication"
    name: list[str] = []

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:  # noqa: ARG002
        """Nothing."""
        return []

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, Any]]:  # noqa: ARG002
        """Nothing."""
        return []


class ApiTokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """How the OpenAPI description names it."""

    target_class = "portal.accounts.authentication.ApiTokenAuthentication"
    name = "apiToken"
