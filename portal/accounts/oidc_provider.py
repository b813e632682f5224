"""The national identity provider as this portal knows it: its addresses, named by settings or found by discovery."""

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import requests
from django.conf import settings
from django.core.cache import cache

ANSWER_SECONDS: Final = 5
KEPT_SECONDS: Final = 3600
# While the provider is away, people are told at once instead of waiting for it one after the other.
AWAY_SECONDS: Final = 10
LARGEST_ANSWER: Final = 1024 * 1024
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
DISCOVERY: Final = "/.well-known/openid-configuration"


class ProviderUnreachable(Exception):
    """The provider does not answer, or not as OpenID Connect says; the message says what failed."""


@dataclass(frozen=True)
class Provider:
    """Where the provider does what; an empty address means that it does not."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    names_itself: bool = False
    """It says who it is when it sends people back (RFC 9207)."""


def is_configured() -> bool:
    """True where patients may sign in by a national identity provider."""
    return bool(settings.NATIONAL_OIDC_ISSUER and settings.NATIONAL_OIDC_CLIENT_ID)


def is_safe_address(address: str) -> bool:
    """True for HTTPS, and for plain HTTP on this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def national_provider() -> Provider:
    """Return the configured provider: by the settings that name its addresses, by discovery for the others.

    Raises ProviderUnreachable.
    """
    issuer = settings.NATIONAL_OIDC_ISSUER
    named = {
        "authorization_endpoint": settings.NATIONAL_OIDC_AUTHORIZATION_ENDPOINT,
        "token_endpoint": settings.NATIONAL_OIDC_TOKEN_ENDPOINT,
        "jwks_uri": settings.NATIONAL_OIDC_JWKS_URI,
        "userinfo_endpoint": settings.NATIONAL_OIDC_USERINFO_ENDPOINT,
        "end_session_endpoint": settings.NATIONAL_OIDC_END_SESSION_ENDPOINT,
    }
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    found: dict[str, Any] = {} if all(named[name] for name in needed) else _discovered(issuer)
    addresses = {name: value or str(found.get(name) or "") for name, value in named.items()}
    for name, address in addresses.items():
        if address and not is_safe_address(address):
            raise ProviderUnreachable(f"The {name} of the provider is no HTTPS address.")
        if name in needed and not address:
            raise ProviderUnreachable(f"The provider names no {name}.")
    return Provider(
        issuer=issuer,
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        **addresses,
    )


def sign_out_address(provider: Provider, return_to: str) -> str:
    """Where a person ends their session at the provider and comes back (RP-initiated logout); "" where they cannot.

    The ID token is not sent as a hint: it holds the national ID, which has no place in an address.
    """
    if not provider.end_session_endpoint:
        return ""
    asked = {"client_id": settings.NATIONAL_OIDC_CLIENT_ID, "post_logout_redirect_uri": return_to}
    return f"{provider.end_session_endpoint}?{urlencode(asked)}"


def _discovered(issuer: str) -> dict[str, Any]:
    """What the provider says of itself (OpenID Connect Discovery 1.0, section 4)."""
    kept = f"national-oidc:discovery:{issuer}"
    known: dict[str, Any] | None = cache.get(kept)
    if known is not None:
        return known
    if cache.get(f"{kept}:away"):
        raise ProviderUnreachable("The provider did not answer a moment ago.")
    try:
        found = _json_at(issuer.removesuffix("/") + DISCOVERY)
    except ProviderUnreachable:
        cache.set(f"{kept}:away", True, AWAY_SECONDS)
        raise
    if found.get("issuer") != issuer:
        raise ProviderUnreachable("The provider calls itself by another name than NATIONAL_OIDC_ISSUER.")
    cache.set(kept, found, KEPT_SECONDS)
    return found


def _json_at(address: str) -> dict[str, Any]:
    try:
        with requests.get(address, timeout=ANSWER_SECONDS, allow_redirects=False, stream=True) as answer:
            if answer.status_code != requests.codes.ok:
                raise ProviderUnreachable(f"The provider answers {answer.status_code} at {urlsplit(address).path}.")
            body = answer.raw.read(LARGEST_ANSWER + 1, decode_content=True)
            if len(body) > LARGEST_ANSWER:
                raise ProviderUnreachable("The provider answers with too much.")
            content = json.loads(body)
    except (requests.RequestException, OSError, ValueError) as error:
        raise ProviderUnreachable("The provider does not answer with JSON.") from error
    if not isinstance(content, dict):
        raise ProviderUnreachable("The provider does not answer with a JSON object.")
    return content
