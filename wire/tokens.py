"""Viewer tokens: one person, one study, one server, at most five minutes, checked offline."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, Self
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AfterValidator, Field, ValidationError, model_validator

from wire import problems
from wire.deidentification import SealedText
from wire.messages import Message
from wire.signatures import SignatureInvalid, sign, verified_payload
from wire.text import ShortId, Text
from wire.uids import Uid

MAX_LIFETIME: Final = timedelta(minutes=5)
# How far the clock of a server may be behind the portal's.
CLOCK_SKEW: Final = timedelta(seconds=30)
TYPE: Final = "viewer+jwt"

Permission = Literal["view", "download", "report", "share"]
PERMISSIONS: Final[tuple[Permission, ...]] = ("view", "download", "report", "share")
_MAX_SECONDS: Final = 253_402_300_799  # the last second of the year 9999
Seconds = Annotated[int, Field(ge=0, le=_MAX_SECONDS)]


def _in_order(given: tuple[Permission, ...]) -> tuple[Permission, ...]:
    return tuple(permission for permission in PERMISSIONS if permission in given)


class ViewerClaims(Message):
    """What a viewer token says (RFC 7519 names; times in seconds since 1970 UTC).

    An unknown claim is refused: it could narrow what the token allows, and a server that passes
    over it would show too much. So `deidentification` is left out where there is none: an older
    server goes on with ordinary tokens and refuses those that it could not honour.

    With `deidentification`, `study_instance_uid` is the mapped one: only the server learns of which study.
    """

    iss: Text
    aud: ShortId
    sub: ShortId
    sid: ShortId
    study_instance_uid: Uid
    permissions: Annotated[
        tuple[Permission, ...],
        Field(min_length=1, max_length=len(PERMISSIONS)),
        AfterValidator(_in_order),
    ]
    jti: ShortId
    iat: Seconds
    nbf: Seconds
    exp: Seconds
    deidentification: Annotated[SealedText | None, Field(exclude_if=lambda sealed: sealed is None)] = None

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


class TokenRefused(Exception):
    """The token opens nothing. `claims` is set where the signature was right, so one knows whose."""

    code: str = problems.TOKEN_INVALID

    def __init__(self, message: str, claims: ViewerClaims | None = None) -> None:
        super().__init__(message)
        self.claims = claims


class TokenInvalid(TokenRefused):
    """Not signed by a known key, or not what a viewer token says."""

    code = problems.TOKEN_INVALID


class TokenExpired(TokenRefused):
    """It was good; a new one is to be asked for."""

    code = problems.TOKEN_EXPIRED


class TokenForAnotherServer(TokenRefused):
    """Signed well, but for another DICOM Server."""

    code = problems.TOKEN_FOR_ANOTHER_SERVER


def new_claims(
    *,
    iss: str,
    aud: str,
    sub: str,
    sid: str,
    study_instance_uid: str,
    permissions: Iterable[Permission],
    now: datetime,
    lifetime: timedelta = MAX_LIFETIME,
    deidentification: str | None = None,
) -> ViewerClaims:
    """Claims that begin at `now` (aware) under a new token ID. Raises pydantic.ValidationError.

    `deidentification` is what `wire.deidentification.seal` made; `study_instance_uid` is the mapped one then.
    """
    issued = int(now.timestamp())
    return ViewerClaims(
        iss=iss,
        aud=aud,
        sub=sub,
        sid=sid,
        study_instance_uid=study_instance_uid,
        permissions=tuple(dict.fromkeys(permissions)),
        jti=str(uuid4()),
        iat=issued,
        nbf=issued,
        exp=issued + int(lifetime.total_seconds()),
        deidentification=deidentification,
    )


def issue(claims: ViewerClaims, private_key: Ed25519PrivateKey, kid: str) -> str:
    """The token for `claims`, signed with the key that servers know as `kid`."""
    return sign(claims, private_key, kid=kid, typ=TYPE)


def verify(token: str, keys: Mapping[str, Ed25519PublicKey], audience: str, now: datetime) -> ViewerClaims:
    """The claims of a token that is good at `now` (aware) for the server `audience`.

    Raises TokenInvalid, TokenForAnotherServer or TokenExpired. Which study was asked for, the
    permission and revocations are the caller's to check.
    """
    try:
        claims = ViewerClaims.model_validate_json(verified_payload(token, keys, typ=TYPE))
    except SignatureInvalid as error:
        raise TokenInvalid(str(error)) from error
    except ValidationError as error:
        raise TokenInvalid("The token's claims are not those of a viewer token.") from error
    if claims.aud != audience:
        raise TokenForAnotherServer("The token is for another DICOM Server.", claims)
    moment = now.timestamp()
    if max(claims.iat, claims.nbf) > moment + CLOCK_SKEW.total_seconds():
        raise TokenInvalid("The token is not valid yet; compare the clocks.", claims)
    if claims.exp <= moment:
        raise TokenExpired("The token has expired.", claims)
    return claims
