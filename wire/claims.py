"""What tokens that a portal signs have in common: claims with times, refusals, and the check of one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Self, TypeVar
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, ValidationError, model_validator

from wire import problems
from wire.messages import Message
from wire.signatures import SignatureInvalid, verified_payload
from wire.text import ShortId, Text

MAX_LIFETIME: Final = timedelta(minutes=5)
# How far the clock of a server may be behind the portal's.
CLOCK_SKEW: Final = timedelta(seconds=30)

_MAX_SECONDS: Final = 253_402_300_799  # the last second of the year 9999
Seconds = Annotated[int, Field(ge=0, le=_MAX_SECONDS)]


class TimedClaims(Message):
    """Who asks whom, and until when (RFC 7519 names; times in seconds since 1970 UTC).

    An unknown claim is refused: it could narrow what the token allows, and a server that passes
    over it would do too much.
    """

    iss: Text
    aud: ShortId
    sub: ShortId
    sid: ShortId
    jti: ShortId
    iat: Seconds
    nbf: Seconds
    exp: Seconds

    @model_validator(mode="after")
    def _lives_for_minutes(self) -> Self:
        if not self.iat <= self.nbf < self.exp:
            raise ValueError("the times are not in the order iat, nbf, exp")
        if self.exp - self.iat > MAX_LIFETIME.total_seconds():
            raise ValueError("the token lives longer than five minutes")
        return self

    @property
    def issued_at(self) -> datetime:
        """`iat` as an aware datetime."""
        return datetime.fromtimestamp(self.iat, UTC)

    @property
    def expires_at(self) -> datetime:
        """`exp` as an aware datetime."""
        return datetime.fromtimestamp(self.exp, UTC)


ClaimsT = TypeVar("ClaimsT", bound=TimedClaims)


class TokenRefused(Exception):
    """The token opens nothing. `claims` is set where the signature was right, so one knows whose."""

    code: str = problems.TOKEN_INVALID

    def __init__(self, message: str, claims: TimedClaims | None = None) -> None:
        super().__init__(message)
        self.claims = claims


class TokenInvalid(TokenRefused):
    """Not signed by a known key, or not what such a token says."""

    code = problems.TOKEN_INVALID


class TokenExpired(TokenRefused):
    """It was good; a new one is to be asked for."""

    code = problems.TOKEN_EXPIRED


class TokenForAnotherServer(TokenRefused):
    """Signed well, but for another DICOM Server."""

    code = problems.TOKEN_FOR_ANOTHER_SERVER


def times_from(now: datetime, lifetime: timedelta) -> dict[str, Any]:
    """The claims of a token that begins at `now` (aware) under a new ID."""
    issued = int(now.timestamp())
    return {"jti": str(uuid4()), "iat": issued, "nbf": issued, "exp": issued + int(lifetime.total_seconds())}


def verified(
    model: type[ClaimsT],
    token: str,
    keys: Mapping[str, Ed25519PublicKey],
    *,
    typ: str,
    audience: str,
    now: datetime,
) -> ClaimsT:
    """The claims of a token of the kind `typ` that is good at `now` (aware) for the server `audience`.

    Raises TokenInvalid, TokenForAnotherServer or TokenExpired.
    """
    try:
        claims = model.model_validate_json(verified_payload(token, keys, typ=typ))
    except SignatureInvalid as error:
        raise TokenInvalid(str(error)) from error
    except ValidationError as error:
        raise TokenInvalid(f"The token's claims are not those of {typ}.") from error
    if claims.aud != audience:
        raise TokenForAnotherServer("The token is for another DICOM Server.", claims)
    moment = now.timestamp()
    if max(claims.iat, claims.nbf) > moment + CLOCK_SKEW.total_seconds():
        raise TokenInvalid("The token is not valid yet; compare the clocks.", claims)
    if claims.exp <= moment:
        raise TokenExpired("The token has expired.", claims)
    return claims
