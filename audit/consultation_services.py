"""What is recorded of opinions asked of consultants, beside the access that is given for them."""

from audit.actors import Actor
from audit.models import Action, AuditEvent
from audit.records import record
from audit.subjects import AuditedStudy


def record_consultation_answered(
    *, actor: Actor, study: AuditedStudy, consultation_id: str, person_id: str, person_name: str
) -> AuditEvent:
    """`actor` answered what the person had asked about the study."""
    return record(
        action=Action.CONSULTATION_ANSWERED,
        actor=actor,
        study=study,
        details={"consultation_id": consultation_id, "person_id": person_id, "person_name": person_name},
    )
