"""Lets a person's errand in or not: its token must be good, for this errand and study, and not revoked."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase

from dicomserver.access.services import spend_errand
from dicomserver.dicomweb import records
from dicomserver.dicomweb.admission import (
    READ,
    answered,
    bearer_token_of,
    not_enrolled,
    remote_address_of,
    tell_audit,
)
from dicomserver.dicomweb.problems import Refused
from dicomserver.dicomweb.tokens import token_gate
from dicomserver.identity import IdentityError
from wire import problems
from wire.claims import TokenRefused
from wire.errands import ErrandClaims, ErrandName

_REFUSALS: Final = {
    problems.TOKEN_MISSING: (401, "Token needed", "Send an errand token of the portal as Bearer."),
    problems.TOKEN_INVALID: (401, "Token refused", "The token is not an errand token of the portal."),
    problems.TOKEN_EXPIRED: (401, "Token expired", "Ask the portal for a new token."),
    problems.TOKEN_FOR_ANOTHER_SERVER: (401, "Token refused", "The token is for another DICOM Server."),
    problems.TOKEN_REVOKED: (401, "Access revoked", "The access was taken back; ask the portal again."),
    problems.TOKEN_USED: (401, "Token used", "The token was used already. Ask the portal for a new one."),
    problems.TOKEN_FOR_ANOTHER_STUDY: (403, "Not allowed", "The token is for another study."),
    problems.TOKEN_WITHOUT_PERMISSION: (403, "Not allowed", "The token is for another errand."),
}


@dataclass(frozen=True, slots=True)
class Errand:
    """Who came, for what, and from where; `study_instance_uid` is set where the token is for that study alone."""

    name: ErrandName
    sub: str
    session_id: str
    token_id: str
    study_instance_uid: str | None
    remote_address: str


def on_errand(
    name: ErrandName, methods: tuple[str, ...] = READ
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Guard a view for the errand `name`: it gets an Errand after the request; what it refuses becomes a problem.

    Where the address names a study as `study`, the token must be for that study, or for none in particular.
    """

    def guard(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, **named: Any) -> HttpResponseBase:
            def answer() -> HttpResponseBase:
                return view(request, admit_errand(request, name, named.get("study")), **named)

            response = answered(request, answer, methods=methods)
            # It tells of people and patients: no cache keeps it.
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded

    return guard


def admit_errand(request: HttpRequest, name: ErrandName, study_instance_uid: str | None = None) -> Errand:
    """Who came for the errand `name`, if the token allows it. Raises Refused, after the audit was told."""
    address = remote_address_of(request)
    token = bearer_token_of(request)
    claims: ErrandClaims | None = None
    try:
        claims = None if token is None else token_gate().verify_errand(token)
        reason = _reason_against(claims, name, study_instance_uid) or _reason_to_be_once(claims)
    except TokenRefused as error:
        claims, reason = error.claims if isinstance(error.claims, ErrandClaims) else None, error.code
    except IdentityError as error:
        raise not_enrolled(error) from error
    if reason or claims is None:
        reason = reason or problems.TOKEN_MISSING
        tell_audit(reason, claims, study_instance_uid, address)
        status, title, detail = _REFUSALS[reason]
        raise Refused(status, reason, title, detail)
    return Errand(name, claims.sub, claims.sid, claims.jti, claims.study_instance_uid, address)


def _reason_to_be_once(claims: ErrandClaims | None) -> str:
    """A token to delete is good for one request; the others are good until they expire."""
    if claims is None or claims.errand != "delete" or spend_errand(claims.jti):
        return ""
    return problems.TOKEN_USED


def _reason_against(claims: ErrandClaims | None, name: ErrandName, study_instance_uid: str | None) -> str:
    if claims is None:
        return problems.TOKEN_MISSING
    if records.revocations.revokes(claims):
        return problems.TOKEN_REVOKED
    if claims.errand != name:
        return problems.TOKEN_WITHOUT_PERMISSION
    if study_instance_uid is not None and claims.study_instance_uid not in (None, study_instance_uid):
        return problems.TOKEN_FOR_ANOTHER_STUDY
    return ""
