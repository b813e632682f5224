"""Records what DICOM Servers report: images read, sent, stored and deleted, and tokens refused."""

from audit.actors import Actor
from audit.models import Action, AuditEvent, Outcome
from audit.records import outcome_of, record
from audit.subjects import AuditedStudy
from wire.events import AccessEvent


def record_pixels_read(
    *, actor: Actor, event: AccessEvent, study: AuditedStudy, rule: str = "", break_glass: bool = False
) -> AuditEvent:
    """A DICOM Server reported which images `actor`, the person of the token, read in one viewing session."""
    return record(
        action=Action.PIXELS_READ,
        actor=actor,
        outcome=outcome_of(rule, break_glass=break_glass),
        study=study,
        rule=rule,
        occurred_at=event.occurred_at,
        remote_address=event.remote_address,
        details=_reported(event),
    )


def record_instances_sent(*, actor: Actor, event: AccessEvent, study: AuditedStudy) -> AuditEvent:
    """A DICOM Server, the actor, reported that it sent instances of the study to another machine."""
    return record(
        action=Action.INSTANCES_SENT,
        actor=actor,
        study=study,
        occurred_at=event.occurred_at,
        remote_address=event.remote_address,
        details=_reported(event),
    )


def record_instances_stored(*, actor: Actor, event: AccessEvent, study: AuditedStudy, rule: str = "") -> AuditEvent:
    """A DICOM Server reported that `actor`, the person of the token, stored instances with the study."""
    return record(
        action=Action.INSTANCES_STORED,
        actor=actor,
        study=study,
        rule=rule,
        occurred_at=event.occurred_at,
        remote_address=event.remote_address,
        details=_reported(event),
    )


def record_instances_deleted(*, actor: Actor, event: AccessEvent, study: AuditedStudy) -> AuditEvent:
    """A DICOM Server reported that `actor`, a person or the server itself, deleted instances of the study."""
    return record(
        action=Action.INSTANCES_DELETED,
        actor=actor,
        study=study,
        occurred_at=event.occurred_at,
        remote_address=event.remote_address,
        details=_reported(event),
    )


def record_elsewhere_searched(*, actor: Actor, event: AccessEvent, study: AuditedStudy) -> AuditEvent:
    """A DICOM Server reported whom `actor`, the person of the token, looked for in which other archives."""
    search = event.search.model_dump(mode="json") if event.search else {}
    archives = search.pop("archives", [])
    return record(
        action=Action.ELSEWHERE_SEARCHED,
        actor=actor,
        study=study,
        patient_identifiers=[search["patient_id"]] if "patient_id" in search else [],
        occurred_at=event.occurred_at,
        remote_address=event.remote_address,
        details={"archives": archives, "filters": search, "session_id": event.session_id, "token_id": event.token_id},
    )


def record_study_fetched(*, actor: Actor, event: AccessEvent, study: AuditedStudy) -> AuditEvent:
    """A DICOM Server reported that `actor`, the person of the token, had the study sent to it by another archive."""
    return record(
        action=Action.STUDY_FETCHED,
        actor=actor,
        study=study,
        occurred_at=event.occurred_at,
        remote_address=event.remote_address,
        details={"peer": event.peer, **_reported(event)},
    )


def record_token_refused(*, actor: Actor, event: AccessEvent, study: AuditedStudy) -> AuditEvent:
    """A DICOM Server reported that it refused a token; `study` may hold no more than what was asked for."""
    return record(
        action=Action.TOKEN_REFUSED,
        actor=actor,
        outcome=Outcome.DENIED,
        study=study,
        occurred_at=event.occurred_at,
        remote_address=event.remote_address,
        details=_reported(event),
    )


def _reported(event: AccessEvent) -> dict[str, object]:
    transferred = {"peer": event.peer, "way": event.way} if event.way else {}
    return transferred | {
        "message_id": event.message_id,
        "sub": event.sub,
        "session_id": event.session_id,
        "token_id": event.token_id,
        "ended_at": event.ended_at,
        "instances": event.instances,
        "frames": event.frames,
        "sent_bytes": event.sent_bytes,
        "reason": event.reason,
    }
