"""Builds the report of an order for the portal."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from dicomserver.orders.models import Order, ScheduledProcedureStep
from wire.orders import MAX_PERFORMED, OrderReport
from wire.text import SHORT_LENGTH, clean

# The delivery puts in who this server is by then.
_NOBODY = UUID(int=0)


def build_order_report(row: Order, steps: Sequence[ScheduledProcedureStep]) -> OrderReport:
    """The report of the order at `row.revision`; the performed steps of `steps` are prefetched."""
    performed = {one.pk: one for step in steps for one in step.performed.all()}
    body: dict[str, Any] = {
        **row.content,
        "message_id": uuid4(),
        "server_id": _NOBODY,
        "order_id": row.order_id,
        "revision": row.revision,
        "origin": row.origin,
        "sender": clean(row.sender),
        "state": row.state,
        "changed_at": row.changed_at,
        "steps": [{**step.content, "state": step.state} for step in steps],
        "performed_steps": [
            {
                "sop_instance_uid": one.sop_instance_uid,
                "state": one.state,
                "performed_station_ae_title": clean(one.performed_station_ae_title, SHORT_LENGTH),
                "started_at": clean(one.started_at, SHORT_LENGTH),
                "ended_at": clean(one.ended_at, SHORT_LENGTH),
            }
            for one in sorted(performed.values(), key=lambda one: one.pk)[-MAX_PERFORMED:]
        ],
    }
    return OrderReport.model_validate(body, strict=False)
