"""Recognises patients by the national identity provider: mozilla-django-oidc's code flow with stricter checks."""

from typing import Any, ClassVar, Final

import requests
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from audit.actors import Actor, SystemActor
from portal.accounts.id_tokens import CLOCK_SKEW_SECONDS, IdTokenInvalid, verified_id_token
from portal.accounts.models import User
from portal.accounts.national_sign_in import METHOD, AssertedIdentity, Reason, SignInRefused, asserted_identity
from portal.accounts.oidc_provider import Provider, ProviderUnreachable, national_provider

LONGEST_TOKEN: Final = 64 * 1024
# OpenID Connect Core 1.0, section 2.
LONGEST_SUBJECT: Final = 255
_CLIENT_ERRORS: Final = range(400, 500)
_REASONS: Final = {
    "expired": Reason.TOKEN_EXPIRED,
    "wrong_issuer": Reason.TOKEN_FOR_ANOTHER,
    "wrong_audience": Reason.TOKEN_FOR_ANOTHER,
    "wrong_authorized_party": Reason.TOKEN_FOR_ANOTHER,
    "wrong_nonce": Reason.TOKEN_REPLAYED,
    "provider_unreachable": Reason.PROVIDER_UNREACHABLE,
}


class NationalIdentityBackend(OIDCAuthenticationBackend):  # type: ignore[misc]
    """Exchanges a code for verified claims, and gives no permission: roles do (`portal.institutions.backends`).

    What the claims mean is said above this app: `admit` returns the person, who is made there with their role.
    """

    method: ClassVar[str] = METHOD
    """How the audit calls this way to sign in."""
    provider: Provider
    asked_at: float

    def __init__(self) -> None:
        """Ask nobody: Django makes a backend for each question about a permission."""

    def admit(self, request: HttpRequest, actor: Actor, asserted: AssertedIdentity) -> User:
        """Return the person who is signed in. Raises SignInRefused."""
        raise NotImplementedError

    def authenticate(self, request: HttpRequest, *, nonce: str, code_verifier: str, asked_at: float) -> User | None:
        """Return the person whom the code in the request stands for. Raises SignInRefused.

        Its own names for what it needs keep it out of sign-ins by password.
        """
        try:
            self.provider, self.asked_at = national_provider(), asked_at
            self.OIDC_OP_TOKEN_ENDPOINT = self.provider.token_endpoint
            self.OIDC_OP_USER_ENDPOINT = self.provider.userinfo_endpoint
            self.OIDC_RP_CLIENT_ID = settings.NATIONAL_OIDC_CLIENT_ID
            self.OIDC_RP_CLIENT_SECRET = settings.NATIONAL_OIDC_CLIENT_SECRET
            found: User | None = super().authenticate(request, nonce=nonce, code_verifier=code_verifier)
        except requests.HTTPError as error:
            refused = error.response is not None and error.response.status_code in _CLIENT_ERRORS
            raise SignInRefused(Reason.PROVIDER_REFUSED if refused else Reason.PROVIDER_UNREACHABLE) from error
        except (requests.RequestException, ProviderUnreachable) as error:
            raise SignInRefused(Reason.PROVIDER_UNREACHABLE) from error
        return found

    def get_token(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the provider's answer to the code. Raises SignInRefused."""
        answer = super().get_token(payload)
        if not isinstance(answer, dict):
            raise SignInRefused(Reason.TOKEN_INVALID)
        return answer

    def verify_token(self, token: object, **kwargs: Any) -> dict[str, Any]:
        """Return the claims of an ID token that answers our question. Raises SignInRefused."""
        nonce = kwargs.get("nonce")
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not isinstance(nonce, str):
            raise SignInRefused(Reason.TOKEN_INVALID)
        try:
            claims = verified_id_token(
                token,
                issuer=self.provider.issuer,
                audience=settings.NATIONAL_OIDC_CLIENT_ID,
                nonce=nonce,
                jwks_uri=self.provider.jwks_uri,
            )
        except IdTokenInvalid as error:
            raise SignInRefused(_REASONS.get(error.code, Reason.TOKEN_INVALID)) from error
        # A token of an earlier sign-in is no answer to this one.
        if claims["iat"] < self.asked_at - CLOCK_SKEW_SECONDS:
            raise SignInRefused(Reason.TOKEN_REPLAYED)
        if len(claims["sub"]) > LONGEST_SUBJECT or not claims["sub"].isprintable():
            raise SignInRefused(Reason.TOKEN_INVALID)
        return claims

    def get_userinfo(self, access_token: str, id_token: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Return what the provider says of the same person beside the ID token. Raises SignInRefused.

        As JSON over TLS; a signed answer has no nonce, which `verify_token` refuses.
        """
        if not self.OIDC_OP_USER_ENDPOINT or not access_token:
            return {}
        told = super().get_userinfo(access_token, id_token, payload)
        if not isinstance(told, dict) or told.get("sub") != payload["sub"]:
            raise SignInRefused(Reason.TOKEN_FOR_ANOTHER)
        return told

    def get_or_create_user(self, access_token: str, id_token: str, payload: dict[str, Any]) -> User:
        """Return the person of the verified claims; those of the ID token go first. Raises SignInRefused."""
        claims = {**self.get_userinfo(access_token, id_token, payload), **payload}
        asserted = asserted_identity(claims, provider=self.provider.issuer)
        request_id = str(getattr(self.request, "request_id", ""))
        return self.admit(self.request, SystemActor(METHOD, request_id=request_id), asserted)

    def get_user(self, user_id: int) -> User | None:
        """Return the person of a session while they are not suspended; the library would not look."""
        found = ModelBackend.get_user(self, user_id)
        return found if isinstance(found, User) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:  # noqa: ARG002
        """None, whatever flags and groups say."""
        return set()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:  # noqa: ARG002
        """Never."""
        return False
