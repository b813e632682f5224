"""Errand tokens: one person's work at one server that is not the reading of one study, at most five minutes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, model_validator

from wire.claims import MAX_LIFETIME, TimedClaims, times_from, verified
from wire.signatures import sign
from wire.uids import Uid

TYPE: Final = "errand+jwt"

# Bring studies in from files; search and fetch from remote archives; delete one study.
ErrandName = Literal["upload", "find_elsewhere", "delete"]
ERRANDS: Final[tuple[ErrandName, ...]] = ("upload", "find_elsewhere", "delete")


class ErrandClaims(TimedClaims):
    """What an errand token says. It opens no image: whoever came with it reads by a viewer token.

    `study_instance_uid` bounds the errand to one study; "delete" always names one.
    """

    errand: ErrandName
    study_instance_uid: Annotated[Uid | None, Field(exclude_if=lambda uid: uid is None)] = None

    @model_validator(mode="after")
    def _deletes_one_study(self) -> Self:
        if self.errand == "delete" and self.study_instance_uid is None:
            raise ValueError("the errand delete names no study")
        return self


def new_claims(
    *,
    iss: str,
    aud: str,
    sub: str,
    sid: str,
    errand: ErrandName,
    now: datetime,
    study_instance_uid: str | None = None,
    lifetime: timedelta = MAX_LIFETIME,
) -> ErrandClaims:
    """Claims that begin at `now` (aware) under a new token ID. Raises pydantic.ValidationError."""
    return ErrandClaims(
        iss=iss,
        aud=aud,
        sub=sub,
        sid=sid,
        errand=errand,
        study_instance_uid=study_instance_uid,
        **times_from(now, lifetime),
    )


def issue(claims: ErrandClaims, private_key: Ed25519PrivateKey, kid: str) -> str:
    """The token for `claims`, signed with the key that servers know as `kid`."""
    return sign(claims, private_key, kid=kid, typ=TYPE)


def verify(token: str, keys: Mapping[str, Ed25519PublicKey], audience: str, now: datetime) -> ErrandClaims:
    """The claims of a token that is good at `now` (aware) for the server `audience`.

    Raises wire.claims.TokenInvalid, TokenForAnotherServer or TokenExpired. Which errand was asked for, its study
    and revocations are the caller's to check.
    """
    return verified(ErrandClaims, token, keys, typ=TYPE, audience=audience, now=now)
