"""Checks ID tokens of OpenID providers: whatever is not signed, addressed and timed as it must be opens nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt
import requests
from django.core.cache import cache

# Asymmetric only: with the client's secret or a public key anybody could sign by HS*, and "none" signs nothing.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
CLOCK_SKEW_SECONDS: Final = 60
FETCH_SECONDS: Final = 5
KEYS_KEPT_SECONDS: Final = 3600
KEYS_FETCHED_AGAIN_SECONDS: Final = 30
"""A token with an unknown key has the keys fetched anew, but not oftener than this."""


class IdTokenInvalid(Exception):
    """The token proves nothing. `code` says why, for the audit; nothing of the token is repeated."""

    def __init__(self, code: str) -> None:
        super().__init__(f"The ID token is refused: {code}.")
        self.code = code


def verified_id_token(token: str, *, issuer: str, audience: str, nonce: str, jwks_uri: str) -> dict[str, Any]:
    """Return the claims of a token that passes OpenID Connect Core 1.0, 3.1.3.7. Raises IdTokenInvalid."""
    claims = _decoded(token, _key_of(token, jwks_uri), issuer, audience)
    if not nonce or claims.get("nonce") != nonce:
        raise IdTokenInvalid("wrong_nonce")
    several = isinstance(claims["aud"], Sequence) and not isinstance(claims["aud"], str) and len(claims["aud"]) > 1
    if claims.get("azp", audience) != audience or (several and "azp" not in claims):
        raise IdTokenInvalid("wrong_authorized_party")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise IdTokenInvalid("no_subject")
    return claims


def _decoded(token: str, key: jwt.PyJWK, issuer: str, audience: str) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key=key,
            algorithms=list(ALGORITHMS),
            audience=audience,
            issuer=issuer,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise IdTokenInvalid("expired") from error
    except jwt.InvalidIssuerError as error:
        raise IdTokenInvalid("wrong_issuer") from error
    except jwt.InvalidAudienceError as error:
        raise IdTokenInvalid("wrong_audience") from error
    except jwt.PyJWTError as error:
        raise IdTokenInvalid("invalid") from error


def _key_of(token: str, jwks_uri: str) -> jwt.PyJWK:
    """The provider's key that the token names; the algorithm is the key's, never what the token asks for."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise IdTokenInvalid("invalid") from error
    if header.get("alg") not in ALGORITHMS:
        raise IdTokenInvalid("algorithm_not_allowed")
    found = _matching(header, _keys(jwks_uri))
    if found is None and cache.add(f"id-token-keys-again:{jwks_uri}", 1, KEYS_FETCHED_AGAIN_SECONDS):
        found = _matching(header, _keys(jwks_uri, anew=True))
    if found is None:
        raise IdTokenInvalid("unknown_key")
    return found


def _matching(header: Mapping[str, Any], keys: Sequence[Mapping[str, Any]]) -> jwt.PyJWK | None:
    wanted, algorithm = header.get("kid"), str(header["alg"])
    fitting = [key for key in keys if key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm]
    named = [key for key in fitting if key.get("kid") == wanted] if wanted is not None else fitting
    if len(named) != 1 or named[0].get("kty") == "oct":
        return None
    try:
        return jwt.PyJWK(dict(named[0]), algorithm=algorithm)
    except jwt.PyJWTError:
        return None


def _keys(jwks_uri: str, *, anew: bool = False) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] | None = None if anew else cache.get(f"id-token-keys:{jwks_uri}")
    if kept is not None:
        return kept
    try:
        answer = requests.get(jwks_uri, timeout=FETCH_SECONDS)
        answer.raise_for_status()
        keys = [key for key in answer.json()["keys"] if isinstance(key, dict)]
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise IdTokenInvalid("provider_unreachable") from error
    cache.set(f"id-token-keys:{jwks_uri}", keys, KEYS_KEPT_SECONDS)
    return keys
