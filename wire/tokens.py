"""Viewer tokens: one person, one study, one server, at most five minutes, checked offline."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AfterValidator, Field

from wire.claims import (
    CLOCK_SKEW,
    MAX_LIFETIME,
    Seconds,
    TimedClaims,
    TokenExpired,
    TokenForAnotherServer,
    TokenInvalid,
    TokenRefused,
    times_from,
    verified,
)
from wire.deidentification import SealedText
from wire.signatures import sign
from wire.uids import Uid

__all__ = [
    "CLOCK_SKEW",
    "MAX_LIFETIME",
    "PERMISSIONS",
    "TYPE",
    "Permission",
    "Seconds",
    "TokenExpired",
    "TokenForAnotherServer",
    "TokenInvalid",
    "TokenRefused",
    "ViewerClaims",
    "issue",
    "new_claims",
    "verify",
]

TYPE: Final = "viewer+jwt"

Permission = Literal["view", "download", "report", "share"]
PERMISSIONS: Final[tuple[Permission, ...]] = ("view", "download", "report", "share")


def _in_order(given: tuple[Permission, ...]) -> tuple[Permission, ...]:
    return tuple(permission for permission in PERMISSIONS if permission in given)


class ViewerClaims(TimedClaims):
    """What a viewer token says.

    `deidentification` is left out where there is none: an older server goes on with ordinary tokens
    and refuses those that it could not honour.

    With `deidentification`, `study_instance_uid` is the mapped one: only the server learns of which study.
    """

    study_instance_uid: Uid
    permissions: Annotated[
        tuple[Permission, ...],
        Field(min_length=1, max_length=len(PERMISSIONS)),
        AfterValidator(_in_order),
    ]
    deidentification: Annotated[SealedText | None, Field(exclude_if=lambda sealed: sealed is None)] = None


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
    return ViewerClaims(
        iss=iss,
        aud=aud,
        sub=sub,
        sid=sid,
        study_instance_uid=study_instance_uid,
        permissions=tuple(dict.fromkeys(permissions)),
        deidentification=deidentification,
        **times_from(now, lifetime),
    )


def issue(claims: ViewerClaims, private_key: Ed25519PrivateKey, kid: str) -> str:
    """The token for `claims`, signed with the key that servers know as `kid`."""
    return sign(claims, private_key, kid=kid, typ=TYPE)


def verify(token: str, keys: Mapping[str, Ed25519PublicKey], audience: str, now: datetime) -> ViewerClaims:
    """The claims of a token that is good at `now` (aware) for the server `audience`.

    Raises TokenInvalid, TokenForAnotherServer or TokenExpired. Which study was asked for, the
    permission and revocations are the caller's to check.
    """
    return verified(ViewerClaims, token, keys, typ=TYPE, audience=audience, now=now)
