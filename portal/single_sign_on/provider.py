"""allauth's OpenID Connect with what it leaves open closed: every ID token is checked, nonce and signature included."""

import secrets
from typing import Any

import requests
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.base.provider import ProviderException
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from portal.accounts.id_tokens import IdTokenInvalid, verified_id_token

CONFIGURATION_KEPT_SECONDS = 3600


class InstitutionAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Reads who signed in from the ID token alone. `nonce` is the one that went with the request."""

    nonce = ""

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the provider says of itself, kept for an hour."""
        address = self.get_provider().server_url
        kept: dict[str, Any] | None = cache.get(f"openid-configuration:{address}")
        if kept is None:
            kept = super().openid_config
            cache.set(f"openid-configuration:{address}", kept, CONFIGURATION_KEPT_SECONDS)
        return kept

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> Any:
        """The sign-in with verified claims. Raises ProviderException."""
        configuration = self.openid_config
        try:
            claims = verified_id_token(
                str(kwargs["response"].get("id_token") or ""),
                # What was configured, not what the answering machine calls itself.
                issuer=str(app.settings["server_url"]).rstrip("/"),
                audience=app.client_id,
                nonce=self.nonce,
                jwks_uri=str(configuration["jwks_uri"]),
            )
        except IdTokenInvalid as error:
            raise ProviderException(error.code) from error
        claims = {**self._user_info(token.token, claims["sub"]), **claims}
        login = self.get_provider().sociallogin_from_response(request, {"id_token": claims})
        login.claims = claims
        return login

    def _user_info(self, access_token: str, subject: str) -> dict[str, Any]:
        """Claims that are not in the token, of the same person only."""
        if "userinfo_endpoint" not in self.openid_config:
            return {}
        try:
            told = self._fetch_user_info(access_token)
        except (requests.RequestException, ValueError) as error:
            raise ProviderException("userinfo_unreachable") from error
        if not isinstance(told, dict) or told.get("sub") != subject:
            raise ProviderException("userinfo_of_another")
        return told


class InstitutionProvider(OpenIDConnectProvider):  # type: ignore[misc]
    """An institution's provider: PKCE always, a nonce in every request, and sign-in as the only process."""

    oauth2_adapter_class = InstitutionAdapter
    pkce_enabled_default = True

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """What the request may choose: where to go afterwards, and nothing else."""
        asked = super(OpenIDConnectProvider, self).get_redirect_from_request_kwargs(request)
        return {"process": AuthProcess.LOGIN, "next_url": asked.get("next_url")}

    def extract_extra_data(self, data: Any) -> dict[str, Any]:  # noqa: ARG002
        """Nothing: claims are personal data that nothing needs once roles are given."""
        return {}

    def redirect(
        self,
        request: HttpRequest,
        process: str,
        next_url: str | None = None,
        data: Any = None,
        **kwargs: Any,  # noqa: ARG002 - what the request asked for beside is not passed on
    ) -> HttpResponse:
        """Lead to the provider with a nonce of our own."""
        nonce = secrets.token_urlsafe(24)
        parameters = {**self.get_auth_params(), "nonce": nonce}
        response: HttpResponse = super().redirect(
            request, process, next_url, data, nonce=nonce, auth_params=parameters, scope=self._scope(request)
        )
        return response

    def _scope(self, request: HttpRequest) -> list[str]:
        """The usual scopes, and the one named as the claim of roles where the provider has such a one."""
        wanted = self.app.identity_provider.role_claim
        known = self.get_oauth2_adapter(request).openid_config.get("scopes_supported", [])
        return [*self.get_default_scope(), *([wanted] if wanted in known else [])]


provider_classes = [InstitutionProvider]
