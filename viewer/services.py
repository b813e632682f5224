"""Opens the viewer and issues the tokens with which it reads images from the owning DICOM Server."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from audit.actors import Actor
from audit.services import record_study_opened, record_viewer_token_issued
from portal.accounts.models import User
from portal.grants.audited import audited_study
from portal.grants.decisions import Decision
from portal.grants.deidentified import DeidentifiedHolding, deidentified_holding_for
from portal.grants.models import Permission
from portal.grants.policy import explain
from portal.grants.selectors import person_to_change
from portal.grants.upkeep import note_use
from portal.servers.signing import portal_key
from portal.studies.models import Study
from viewer.models import ViewingSession
from viewer.opened import Opened, opened
from wire import tokens
from wire.deidentification import seal
from wire.keys import InvalidKey

ISSUER: Final = "dicom-network-portal"
SHORTEST_LIFETIME: Final = timedelta(seconds=1)


class Stay(Enum):
    """What a token means for its viewing session: its first, one after a gap without any, or a silent renewal."""

    NEW = "new"
    RESUMED = "resumed"
    UNBROKEN = "unbroken"


class ViewerTokenDenied(Exception):
    """The policy opens the study to this person no more, or not for viewing."""


class ServerDisabled(Exception):
    """The server that holds the study was taken out of the network; nothing is to be read from it."""


class ServerCannotDeidentify(Exception):
    """Nothing can be sealed for the server that holds the study, so it cannot be asked to remove identity."""


@dataclass(frozen=True)
class ViewerToken:
    """A token, the server that takes it, and its end. `study` is the one that the person knows: perhaps masked."""

    study: Study
    token: str
    expires_at: datetime


@transaction.atomic
def open_viewer(
    *, actor: Actor, user: User, study_instance_uid: str, server_id: str | None, session: str
) -> tuple[Opened, ViewerToken | None] | None:
    """What is to be shown, recorded as opened with the rule that allowed it; None where the person may see none.

    With it comes the token with which the page begins, so that it need not ask for one; where none can be issued, the
    page hears why when it asks. Under a mapped UID it is the masked copy that is shown, and the study itself that is
    recorded. The policy is asked once, under the lock of `issue_viewer_token`.
    """
    person = person_to_change(user.pk)
    found = opened(person, study_instance_uid, server_id)
    if found is None:
        return None
    _record_opened(actor, found.study, found.decision)
    try:
        if found.grant is None:
            asked = _Request(actor, person, found.study, found.decision, timezone.now())
            token = _issued_in(asked, session)
        else:
            token = issue_deidentified_token(
                actor=actor,
                user=person,
                study_instance_uid=found.shown.study_instance_uid,
                server_id=str(found.shown.server_id),
                session=session,
            )
    except (ViewerTokenDenied, ServerDisabled, ServerCannotDeidentify):
        return found, None
    return found, token


def _record_opened(actor: Actor, study: Study, decision: Decision) -> None:
    record_study_opened(
        actor=actor,
        study=audited_study(study),
        rule=decision.rule,
        given_by=decision.given_by if decision.until else "",
    )
    note_use(decision)


@transaction.atomic
def issue_viewer_token(*, actor: Actor, user: User, study: Study, session: str) -> ViewerToken:
    """A token for one person, one holding and at most five minutes, never beyond the end of the access.

    `session` says which browser session or API token asks: together with the study it makes the viewing session that
    the DICOM Server counts and reports, and renewals keep it. An unbroken stay leaves one audit event, at its first
    token, and not one every five minutes: what was read is in the server's own report, a renewal says nothing new
    and would bury what does; that the page stays open is kept in `ViewingSession.renewed_at`. Who comes back after
    the last token ended, tomorrow with the same API token perhaps, leaves another event.

    The policy is asked again under the lock on which revocations take turns, so that no token is issued after one
    with an earlier time. Raises ViewerTokenDenied, ServerDisabled.
    """
    person = person_to_change(user.pk)
    now = timezone.now()
    return _issued_in(_Request(actor, person, study, explain(person, study, now=now), now), session)


@transaction.atomic
def issue_deidentified_token(
    *, actor: Actor, user: User, study_instance_uid: str, server_id: str | None, session: str
) -> ViewerToken:
    """A token for the mapped UID, by which the DICOM Server hands out images without identity, as above.

    What it must know to do so is sealed in the token: the browser reads neither the study's own UID nor the key. A
    viewing session of its own, as it ends with the grant. Raises ViewerTokenDenied, ServerDisabled,
    ServerCannotDeidentify.
    """
    person = person_to_change(user.pk)
    now = timezone.now()
    hidden = deidentified_holding_for(person, study_instance_uid, server_id, now=now)
    if hidden is None:
        raise ViewerTokenDenied
    _check(hidden.study, hidden.decision, now)
    session_id = viewing_session_id(person, hidden.study, f"{session} grant {hidden.grant.pk}")
    claims = _claims(person, hidden.masked, hidden.decision, session_id, now, sealed=_sealed(hidden))
    issued = _issued(_Request(actor, person, hidden.study, hidden.decision, now), claims)
    return replace(issued, study=hidden.masked)


@dataclass(frozen=True)
class _Request:
    """Who asks for a token, and for what the policy's word is."""

    actor: Actor
    person: User
    study: Study
    decision: Decision
    now: datetime


def _issued_in(asked: _Request, session: str) -> ViewerToken:
    """A token for the study as it is."""
    _check(asked.study, asked.decision, asked.now)
    session_id = viewing_session_id(asked.person, asked.study, session)
    return _issued(asked, _claims(asked.person, asked.study, asked.decision, session_id, asked.now))


def _check(study: Study, decision: Decision, now: datetime) -> None:
    if Permission.VIEW not in decision.permissions or _lifetime(decision, now) < SHORTEST_LIFETIME:
        raise ViewerTokenDenied
    if study.server.disabled_at is not None:
        raise ServerDisabled


def _claims(
    person: User, study: Study, decision: Decision, session_id: str, now: datetime, *, sealed: str | None = None
) -> tokens.ViewerClaims:
    permissions: Any = decision.permissions
    return tokens.new_claims(
        iss=ISSUER,
        aud=str(study.server_id),
        sub=str(person.subject),
        sid=session_id,
        study_instance_uid=study.study_instance_uid,
        permissions=permissions,
        now=now,
        lifetime=_lifetime(decision, now),
        deidentification=sealed,
    )


def _sealed(hidden: DeidentifiedHolding) -> str:
    server = hidden.study.server
    try:
        return seal(hidden.request, server.sealing_key, audience=str(server.pk))
    except InvalidKey as error:
        raise ServerCannotDeidentify from error


def _issued(asked: _Request, claims: tokens.ViewerClaims) -> ViewerToken:
    """The signed token; its first in a stay is recorded."""
    key = portal_key()
    issued = ViewerToken(asked.study, tokens.issue(claims, key.private_key, key.kid), claims.expires_at)
    note_use(asked.decision)
    stay = _stay(claims.sid, asked.person, asked.study, asked.now)
    if stay is not Stay.UNBROKEN:
        record_viewer_token_issued(
            actor=asked.actor,
            study=audited_study(asked.study),
            rule=asked.decision.rule,
            session_id=claims.sid,
            token_id=claims.jti,
            permissions=asked.decision.permissions,
            expires_at=claims.expires_at,
            renewed=stay is Stay.RESUMED,
        )
    return issued


def viewing_session_id(person: User, study: Study, session: str) -> str:
    """The same for each renewal, and nothing from which the session's own secret could be told."""
    return salted_hmac("viewer.session", f"{person.pk} {study.pk} {session}", algorithm="sha256").hexdigest()[:32]


def _lifetime(decision: Decision, now: datetime) -> timedelta:
    """Five minutes, or until the first reason ends: what the others still allow comes with the next renewal."""
    ends = [reason.until - now for reason in decision.reasons if reason.until is not None]
    return min([tokens.MAX_LIFETIME, *ends])


def _stay(session_id: str, person: User, study: Study, now: datetime) -> Stay:
    session, is_new = ViewingSession.objects.get_or_create(
        session_id=session_id, defaults={"user": person, "study": study, "started_at": now, "renewed_at": now}
    )
    if is_new:
        return Stay.NEW
    has_lapsed = session.renewed_at + tokens.MAX_LIFETIME <= now
    session.renewed_at = now
    session.save(update_fields=["renewed_at"])
    return Stay.RESUMED if has_lapsed else Stay.UNBROKEN
