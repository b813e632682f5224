"""API tokens: knox's, with a header of broken text refused like any other wrong token."""

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed


class ApiTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """`Authorization: Token …`."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """Return the person and the token. Raises AuthenticationFailed."""
        try:
            return super().authenticate_credentials(token)
        except UnicodeDecodeError as error:
            raise AuthenticationFailed from error


class ApiTokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """How the OpenAPI description names it."""

    target_class = "portal.accounts.authentication.ApiTokenAuthentication"
    name = "apiToken"
