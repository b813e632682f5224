"""What is recorded of people's work at a DICOM Server that is not reading one study."""

from audit.actors import Actor
from audit.models import Action, AuditEvent
from audit.records import record
from audit.subjects import AuditedStudy


def record_errand(
    *,
    actor: Actor,
    errand: str,
    server_id: str,
    server_name: str,
    institution: str,
    session_id: str,
    token_id: str,
    study: AuditedStudy | None = None,
    reason: str = "",
) -> AuditEvent:
    """`actor` got a token for an errand at a server; to delete, with the study and the reason."""
    return record(
        action=Action.ERRAND_BEGUN,
        actor=actor,
        study=study,
        institution=institution,
        server_id=server_id,
        details={
            "errand": errand,
            "server_name": server_name,
            "reason": reason,
            "session_id": session_id,
            "token_id": token_id,
        },
    )
