"""Opens the viewer and issues the tokens with which it reads images from the owning DICOM Server."""

from dataclasses import dataclass
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
from portal.grants.models import Permission
from portal.grants.people import Anyone
from portal.grants.policy import explain, holding_for
from portal.grants.selectors import person_to_change
from portal.servers.signing import portal_key
from portal.studies.models import Study
from viewer.models import ViewingSession
from wire import tokens

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


@dataclass(frozen=True)
class ViewerToken:
    """A token, the server that takes it, and its end."""

    study: Study
    token: str
    expires_at: datetime


def open_viewer(
    *, actor: Actor, user: Anyone, study_instance_uid: str, server_id: str | None
) -> tuple[Study, Decision] | None:
    """The holding to show, recorded as opened with the rule that allowed it; None where the person may see none."""
    with transaction.atomic():
        found = holding_for(user, study_instance_uid, server_id)
        if found is None:
            return None
        study, decision = found
        record_study_opened(
            actor=actor,
            study=audited_study(study),
            rule=decision.rule,
            given_by=decision.given_by if decision.until else "",
        )
    return found


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
    decision = explain(person, study, now=now)
    lifetime = _lifetime(decision, now)
    if Permission.VIEW not in decision.permissions or lifetime < SHORTEST_LIFETIME:
        raise ViewerTokenDenied
    if study.server.disabled_at is not None:
        raise ServerDisabled
    session_id = viewing_session_id(person, study, session)
    permissions: Any = decision.permissions
    claims = tokens.new_claims(
        iss=ISSUER,
        aud=str(study.server_id),
        sub=str(person.subject),
        sid=session_id,
        study_instance_uid=study.study_instance_uid,
        permissions=permissions,
        now=now,
        lifetime=lifetime,
    )
    key = portal_key()
    issued = ViewerToken(study, tokens.issue(claims, key.private_key, key.kid), claims.expires_at)
    stay = _stay(session_id, person, study, now)
    if stay is not Stay.UNBROKEN:
        record_viewer_token_issued(
            actor=actor,
            study=audited_study(study),
            rule=decision.rule,
            session_id=session_id,
            token_id=claims.jti,
            permissions=decision.permissions,
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
