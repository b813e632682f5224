"""What is recorded of exceptional access: break-glass, requests, rulings on identities, and who asked why."""

from collections.abc import Iterable
from datetime import datetime

from audit.actors import Actor
from audit.models import Action, AuditEvent, Outcome
from audit.records import record
from audit.subjects import AuditedStudy


def record_break_glass_sought(
    *, actor: Actor, results: int, study: AuditedStudy | None = None, patient_identifiers: Iterable[str] = ()
) -> AuditEvent:
    """Somebody looked for a study that the policy hides from them, and was shown `results` of them."""
    return record(
        action=Action.BREAK_GLASS_SOUGHT,
        actor=actor,
        outcome=Outcome.ALLOWED if results else Outcome.DENIED,
        study=study,
        patient_identifiers=patient_identifiers,
        details={"results": results},
    )


def record_break_glass_opened(
    *,
    actor: Actor,
    study: AuditedStudy,
    grant_id: str,
    person_id: str,
    person_name: str,
    reason: str,
    valid_until: datetime,
) -> AuditEvent:
    """Somebody opened for themselves, by giving a reason, what the policy denies."""
    return record(
        action=Action.BREAK_GLASS_OPENED,
        actor=actor,
        outcome=Outcome.BREAK_GLASS,
        study=study,
        rule="break_glass",
        details={
            "grant_id": grant_id,
            "person_id": person_id,
            "person_name": person_name,
            "reason": reason,
            "valid_until": valid_until,
        },
    )


def record_break_glass_reviewed(
    *, actor: Actor, study: AuditedStudy, grant_id: str, person_id: str, person_name: str, note: str
) -> AuditEvent:
    """An administrator looked into a break-glass opening and noted what they found."""
    return record(
        action=Action.BREAK_GLASS_REVIEWED,
        actor=actor,
        study=study,
        details={"grant_id": grant_id, "person_id": person_id, "person_name": person_name, "reason": note},
    )


def record_access_requested(
    *,
    actor: Actor,
    study: AuditedStudy,
    request_id: str,
    permissions: Iterable[str],
    valid_until: datetime,
    reason: str,
) -> AuditEvent:
    """Somebody asked the owning institution for access."""
    return record(
        action=Action.ACCESS_REQUESTED,
        actor=actor,
        study=study,
        details={
            "asked_id": request_id,
            "permissions": list(permissions),
            "valid_until": valid_until,
            "reason": reason,
        },
    )


def record_access_request_decided(
    *,
    actor: Actor,
    study: AuditedStudy,
    request_id: str,
    person_id: str,
    person_name: str,
    approved: bool,
    reason: str = "",
) -> AuditEvent:
    """An administrator of the owning institution approved or declined a request for access."""
    return record(
        action=Action.ACCESS_REQUEST_APPROVED if approved else Action.ACCESS_REQUEST_DECLINED,
        actor=actor,
        study=study,
        details={"asked_id": request_id, "person_id": person_id, "person_name": person_name, "reason": reason},
    )


def record_access_request_withdrawn(*, actor: Actor, study: AuditedStudy, request_id: str) -> AuditEvent:
    """Somebody took their own request back before it was decided."""
    return record(action=Action.ACCESS_REQUEST_WITHDRAWN, actor=actor, study=study, details={"asked_id": request_id})


def record_access_explained(
    *, actor: Actor, study: AuditedStudy, person_id: str, person_name: str, rule: str
) -> AuditEvent:
    """Somebody was told why a person may or may not see a study; `rule` is the answer."""
    return record(
        action=Action.ACCESS_EXPLAINED,
        actor=actor,
        study=study,
        rule=rule,
        details={"person_id": person_id, "person_name": person_name},
    )


def record_identity_conflict_opened(
    *, actor: Actor, issuer: str, national_id: str, results: int, institution: str = ""
) -> AuditEvent:
    """An administrator looked at the descriptions under one national ID, side by side."""
    return record(
        action=Action.IDENTITY_CONFLICT_OPENED,
        actor=actor,
        institution=institution,
        patient_identifiers=[national_id],
        details={"issuer": issuer, "national_id": national_id, "results": results},
    )


def record_identity_ruled(
    *, actor: Actor, study: AuditedStudy, issuer: str, national_id: str, is_the_bearer: bool, reason: str
) -> AuditEvent:
    """An administrator said whether a description under a national ID is of its bearer; `study` names the patient."""
    return record(
        action=Action.IDENTITY_RULED,
        actor=actor,
        study=study,
        patient_identifiers=[national_id],
        details={
            "issuer": issuer,
            "national_id": national_id,
            "is_the_bearer": "yes" if is_the_bearer else "no",
            "reason": reason,
        },
    )


def record_identity_ruling_undone(*, actor: Actor, study: AuditedStudy, issuer: str, national_id: str) -> AuditEvent:
    """An administrator took a ruling back."""
    return record(
        action=Action.IDENTITY_RULING_UNDONE,
        actor=actor,
        study=study,
        patient_identifiers=[national_id],
        details={"issuer": issuer, "national_id": national_id},
    )


def record_looks_read(*, actor: Actor, results: int, patient_identifiers: Iterable[str]) -> AuditEvent:
    """A patient read who had looked at their images."""
    return record(
        action=Action.LOOKS_READ,
        actor=actor,
        patient_identifiers=patient_identifiers,
        details={"results": results},
    )
