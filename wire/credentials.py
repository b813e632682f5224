"""How a DICOM Server proves a request to the portal: a short-lived JWT bound to the body."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, Self
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, ValidationError, model_validator

from wire import problems
from wire.claims import Seconds
from wire.keys import base64url, generate_key, parse_public_key, public_key_text, thumbprint
from wire.messages import Message
from wire.signatures import MAX_LENGTH, SignatureInvalid, sign, verified_payload
from wire.text import URL_LENGTH, ShortId

__all__ = [
    "CLOCK_SKEW",
    "MAX_LIFETIME",
    "CredentialExpired",
    "CredentialInvalid",
    "CredentialMissing",
    "CredentialRefused",
    "RequestClaims",
    "claimed_issuer",
    "generate_key",
    "parse_public_key",
    "public_key_text",
    "sign_request",
    "thumbprint",
    "verify_request",
]

MAX_LIFETIME: Final = timedelta(seconds=60)
# How far the clock of a server may be ahead of the portal's.
CLOCK_SKEW: Final = timedelta(seconds=30)
TYPE: Final = "request+jwt"
_SCHEME: Final = "Bearer "

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class RequestClaims(Message):
    """Who sends which body where, and until when; `jti` is used once."""

    iss: ShortId
    htm: Method
    htu: Annotated[str, Field(min_length=1, max_length=URL_LENGTH, pattern=r"^/[!-~]*$")]
    bdg: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    jti: ShortId
    iat: Seconds
    exp: Seconds

    @model_validator(mode="after")
    def _lives_for_seconds(self) -> Self:
        if not 0 < self.exp - self.iat <= MAX_LIFETIME.total_seconds():
            raise ValueError("the credential does not live for 1 to 60 seconds")
        return self

    @property
    def expires_at(self) -> datetime:
        """Until when `jti` must be remembered to refuse a replay."""
        return datetime.fromtimestamp(self.exp, UTC)


class CredentialRefused(Exception):
    """The request is not proven to come from the server that it names."""

    code: str = problems.CREDENTIAL_INVALID


class CredentialMissing(CredentialRefused):
    """There is no Bearer credential at all."""

    code = problems.CREDENTIAL_MISSING


class CredentialInvalid(CredentialRefused):
    """Signed with another key, for another request, or not in the right form."""

    code = problems.CREDENTIAL_INVALID


class CredentialExpired(CredentialRefused):
    """Its minute is over, or the sender's clock is late: sign again."""

    code = problems.CREDENTIAL_EXPIRED


def sign_request(
    *,
    private_key: Ed25519PrivateKey,
    issuer: str,
    method: Method,
    path: str,
    body: bytes,
    now: datetime,
    lifetime: timedelta = MAX_LIFETIME,
) -> str:
    """The value of the Authorization header for one request.

    `issuer` is the server's ID (the key's thumbprint while it enrols), `path` begins with a slash
    and has no query, `now` is aware.
    """
    issued = int(now.timestamp())
    claims = RequestClaims(
        iss=issuer,
        htm=method,
        htu=path,
        bdg=_digest(body),
        jti=str(uuid4()),
        iat=issued,
        exp=issued + int(lifetime.total_seconds()),
    )
    return _SCHEME + sign(claims, private_key, kid=thumbprint(private_key), typ=TYPE)


def claimed_issuer(authorization: str | None) -> str:
    """Who the credential says sends it, to find the key; nothing is verified yet.

    Raises CredentialMissing or CredentialInvalid.
    """
    token = _bearer(authorization)
    try:
        payload = jwt.decode_complete(token, options={"verify_signature": False})["payload"]
        return RequestClaims.model_validate(payload).iss
    except (jwt.PyJWTError, ValidationError, RecursionError, ValueError, TypeError) as error:
        raise CredentialInvalid("The credential does not say who sends the request.") from error


def verify_request(
    authorization: str | None,
    *,
    public_key: Ed25519PublicKey,
    issuer: str,
    method: str,
    path: str,
    body: bytes,
    now: datetime,
) -> RequestClaims:
    """The claims of a credential that proves this request at `now` (aware).

    The caller still refuses a `jti` that it has seen before `expires_at`. Raises CredentialMissing,
    CredentialExpired or CredentialInvalid.
    """
    token = _bearer(authorization)
    try:
        payload = verified_payload(token, {thumbprint(public_key): public_key}, typ=TYPE)
        claims = RequestClaims.model_validate_json(payload)
    except SignatureInvalid as error:
        raise CredentialInvalid(str(error)) from error
    except ValidationError as error:
        raise CredentialInvalid("The credential's claims are not those of a request.") from error
    if claims.iss != issuer:
        raise CredentialInvalid("The credential is of another server.")
    if (claims.htm, claims.htu) != (method, path):
        raise CredentialInvalid("The credential is for another method or path.")
    if not hmac.compare_digest(claims.bdg, _digest(body)):
        raise CredentialInvalid("The credential is for another body.")
    moment = now.timestamp()
    if claims.iat > moment + CLOCK_SKEW.total_seconds():
        raise CredentialInvalid("The credential is not valid yet; compare the clocks.")
    if claims.exp <= moment:
        raise CredentialExpired("The credential has expired; compare the clocks and sign again.")
    return claims


def _bearer(authorization: str | None) -> str:
    if not authorization or not authorization.startswith(_SCHEME):
        raise CredentialMissing("The request carries no Bearer credential.")
    token = authorization.removeprefix(_SCHEME)
    if len(token) > MAX_LENGTH:
        raise CredentialInvalid(f"The credential has more than {MAX_LENGTH} characters.")
    return token


def _digest(body: bytes) -> str:
    return base64url(hashlib.sha256(body).digest())
