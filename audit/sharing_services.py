"""What is recorded of share links: made, opened with the PIN, tried with a wrong one, closed, revoked."""

from collections.abc import Iterable
from datetime import datetime

from audit.actors import Actor
from audit.models import Action, AuditEvent, Outcome
from audit.records import record
from audit.subjects import AuditedStudy


def record_share_link_made(
    *,
    actor: Actor,
    study: AuditedStudy,
    link_id: str,
    label: str,
    holder_id: str,
    holder_name: str,
    permissions: Iterable[str],
    valid_until: datetime,
    max_uses: int,
    rule: str = "",
) -> AuditEvent:
    """`actor` made a link to a study, for whoever holds it and knows the PIN."""
    return record(
        action=Action.SHARE_LINK_MADE,
        actor=actor,
        study=study,
        rule=rule,
        details={
            "link_id": link_id,
            "label": label,
            "person_id": holder_id,
            "person_name": holder_name,
            "permissions": list(permissions),
            "valid_until": valid_until,
            "max_uses": max_uses,
        },
    )


def record_share_link_opened(
    *, actor: Actor, study: AuditedStudy, link_id: str, uses: int, max_uses: int, given_by: str
) -> AuditEvent:
    """Somebody, from now on called `actor`, gave the right PIN; it was the use number `uses`."""
    return record(
        action=Action.SHARE_LINK_OPENED,
        actor=actor,
        study=study,
        details={"link_id": link_id, "uses": uses, "max_uses": max_uses, "given_by": given_by},
    )


def record_share_link_pin_wrong(
    *, actor: Actor, study: AuditedStudy, link_id: str, holder_name: str, tries: int
) -> AuditEvent:
    """Somebody who has the link gave a wrong PIN, for the time number `tries`."""
    return record(
        action=Action.SHARE_LINK_PIN_WRONG,
        actor=actor,
        outcome=Outcome.DENIED,
        study=study,
        details={"link_id": link_id, "person_name": holder_name, "tries": tries},
    )


def record_share_link_closed(
    *, actor: Actor, study: AuditedStudy, link_id: str, holder_name: str, reason: str
) -> AuditEvent:
    """The portal itself closed a link for ever; `reason` is a code such as "wrong_pin"."""
    return record(
        action=Action.SHARE_LINK_CLOSED,
        actor=actor,
        study=study,
        details={"link_id": link_id, "person_name": holder_name, "reason": reason},
    )


def record_share_link_revoked(*, actor: Actor, study: AuditedStudy, link_id: str, holder_name: str) -> AuditEvent:
    """`actor` took a link back before its end."""
    return record(
        action=Action.SHARE_LINK_REVOKED,
        actor=actor,
        study=study,
        details={"link_id": link_id, "person_name": holder_name},
    )
