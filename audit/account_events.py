"""Events of one's own account: password, second factors, sessions and API tokens."""

from datetime import datetime

from audit.actors import Actor
from audit.models import Action, AuditEvent
from audit.records import record


def record_password_changed(*, actor: Actor, person_id: str, person_name: str, by_link: bool) -> AuditEvent:
    """Somebody changed their password; `by_link` where they came with a link from an e-mail and were not signed in."""
    return record(
        action=Action.PASSWORD_CHANGED,
        actor=actor,
        details={"person_id": person_id, "person_name": person_name, "by_link": by_link},
    )


def record_second_factor_added(*, actor: Actor, kind: str) -> AuditEvent:
    """`actor` set up a passkey, an app or recovery codes."""
    return record(action=Action.SECOND_FACTOR_ADDED, actor=actor, details={"kind": kind})


def record_second_factor_removed(*, actor: Actor, kind: str) -> AuditEvent:
    """`actor` removed a passkey, an app or recovery codes."""
    return record(action=Action.SECOND_FACTOR_REMOVED, actor=actor, details={"kind": kind})


def record_session_ended(*, actor: Actor, remote_address: str, since: datetime) -> AuditEvent:
    """`actor` ended another session of their own, which had begun at `since` from `remote_address`."""
    return record(
        action=Action.SESSION_ENDED, actor=actor, details={"session_address": remote_address, "session_since": since}
    )


def record_signed_out_everywhere(
    *, actor: Actor, person_id: str, person_name: str, sessions: int, api_tokens: int
) -> AuditEvent:
    """All sessions of a person ended, and so many API tokens with them."""
    return record(
        action=Action.SIGNED_OUT_EVERYWHERE,
        actor=actor,
        details={"person_id": person_id, "person_name": person_name, "sessions": sessions, "api_tokens": api_tokens},
    )


def record_api_token_made(*, actor: Actor, name: str, expires_at: datetime, read_only: bool) -> AuditEvent:
    """`actor` made an API token of their own; the token itself is never written down."""
    return record(
        action=Action.API_TOKEN_MADE,
        actor=actor,
        details={"name": name, "expires_at": expires_at, "read_only": read_only},
    )


def record_api_token_revoked(*, actor: Actor, name: str) -> AuditEvent:
    """`actor` revoked an API token of their own."""
    return record(action=Action.API_TOKEN_REVOKED, actor=actor, details={"name": name})
