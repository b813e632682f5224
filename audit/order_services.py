"""What is recorded of orders: placed, changed, cancelled, and read."""

from collections.abc import Iterable, Mapping
from typing import Final

from audit.actors import Actor
from audit.models import Action, AuditEvent
from audit.records import record
from audit.subjects import AuditedStudy

_ACTIONS: Final = {
    "placed": Action.ORDER_PLACED,
    "changed": Action.ORDER_CHANGED,
    "cancelled": Action.ORDER_CANCELLED,
    "read": Action.ORDERS_READ,
}


def record_order_act(
    *,
    actor: Actor,
    act: str,
    institution: str = "",
    server_id: str = "",
    study_instance_uid: str = "",
    patient_identifiers: Iterable[str] = (),
    details: Mapping[str, object] | None = None,
) -> AuditEvent:
    """`actor` placed, changed or cancelled an order, or read orders; `act` is a key such as "placed"."""
    study = AuditedStudy(
        study_instance_uid=study_instance_uid,
        server_id=server_id,
        institution=institution,
        patient_identifiers=tuple(patient_identifiers),
    )
    return record(action=_ACTIONS[act], actor=actor, study=study, details=details)
