"""Records of what happens to people: invitations, suspensions, and what their institutions chose."""

from collections.abc import Mapping
from datetime import datetime

from audit.actors import Actor
from audit.models import Action, AuditEvent
from audit.records import record


def record_invitation_sent(
    *,
    actor: Actor,
    invitation_id: str,
    email: str,
    role: str,
    institution: str,
    purpose: str,
    expires_at: datetime,
    again: bool = False,
) -> AuditEvent:
    """`actor` invited whoever reads an e-mail address; `again` where the link was sent anew."""
    return record(
        action=Action.INVITATION_SENT,
        actor=actor,
        institution=institution,
        details={
            "invitation_id": invitation_id,
            "email": email,
            "role": role,
            "purpose": purpose,
            "expires_at": expires_at,
            "again": again,
        },
    )


def record_invitation_withdrawn(*, actor: Actor, invitation_id: str, email: str, institution: str) -> AuditEvent:
    """`actor` took an invitation back before it was accepted."""
    return record(
        action=Action.INVITATION_WITHDRAWN,
        actor=actor,
        institution=institution,
        details={"invitation_id": invitation_id, "email": email},
    )


def record_invitation_accepted(
    *, actor: Actor, invitation_id: str, email: str, institution: str, invited_by: str, new_account: bool
) -> AuditEvent:
    """`actor` accepted an invitation, with an account made for it where `new_account` says so."""
    return record(
        action=Action.INVITATION_ACCEPTED,
        actor=actor,
        institution=institution,
        details={
            "invitation_id": invitation_id,
            "email": email,
            "invited_by": invited_by,
            "new_account": new_account,
        },
    )


def record_person_suspended(*, actor: Actor, person_id: str, person_name: str, institution: str) -> AuditEvent:
    """`actor` keeps a person out of all roles of an institution for now."""
    return _about_person(Action.PERSON_SUSPENDED, actor, person_id, person_name, institution)


def record_person_resumed(*, actor: Actor, person_id: str, person_name: str, institution: str) -> AuditEvent:
    """`actor` lets a suspended person back into their roles of an institution."""
    return _about_person(Action.PERSON_RESUMED, actor, person_id, person_name, institution)


def record_account_suspended(*, actor: Actor, person_id: str, person_name: str) -> AuditEvent:
    """`actor` keeps a person out of the whole network: no sign-in, no session, no API token."""
    return _about_person(Action.ACCOUNT_SUSPENDED, actor, person_id, person_name)


def record_account_resumed(*, actor: Actor, person_id: str, person_name: str) -> AuditEvent:
    """`actor` lets a suspended person sign in again."""
    return _about_person(Action.ACCOUNT_RESUMED, actor, person_id, person_name)


def record_institution_changed(*, actor: Actor, institution: str, changes: Mapping[str, object]) -> AuditEvent:
    """`actor` changed settings of an institution to the values of `changes`."""
    return record(
        action=Action.INSTITUTION_CHANGED, actor=actor, institution=institution, details={"changes": dict(changes)}
    )


def _about_person(action: Action, actor: Actor, person_id: str, person_name: str, institution: str = "") -> AuditEvent:
    return record(
        action=action,
        actor=actor,
        institution=institution,
        details={"person_id": person_id, "person_name": person_name},
    )
