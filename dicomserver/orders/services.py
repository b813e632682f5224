"""Changes orders: those of the portal as it has them, those of HL7 as they were sent; each change is reported."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from dicomserver.index.services import next_revision
from dicomserver.orders.completeness import announce_instances
from dicomserver.orders.models import OPEN_STATES, Order, OrderFeed, Origin, ScheduledProcedureStep, State
from dicomserver.orders.patients import lock_patients, remember_merge, remember_patient, with_last_word
from dicomserver.orders.reports import build_order_report
from dicomserver.orders.selectors import order_locked, orders_of_patient
from dicomserver.orders.states import order_state, step_state
from dicomserver.outbox.services import enqueue_order_report
from wire import orders as wire
from wire.patient_facts import PatientFacts, newest_facts

__all__ = [
    "announce_instances",
    "apply_order",
    "cancel_order",
    "forget_portal_revisions",
    "move_patient",
    "remember_feed",
    "restate",
    "store_order",
    "update_patient",
]


@transaction.atomic
def apply_order(order: wire.Order) -> bool:
    """Make this server's copy the portal's; False where it has this revision, or a newer one.

    Of the patient what was changed last stands, here or there.
    """
    lock_patients()
    row = order_locked(order.order_id)
    if row is not None and row.portal_revision >= order.revision:
        return False
    if row is None:
        row = Order(order_id=order.order_id, origin=Origin.PORTAL)
    row.portal_revision = order.revision
    content = _content(order)
    if row.content:
        # What was changed here, by HL7, since the portal heard of it must not go back.
        facts = newest_facts(portal=PatientFacts.of(content), server=PatientFacts.of(row.content))
        content = facts.in_content(content)
    else:
        content = with_last_word(content, said_at=timezone.now())
    _write(row, order, content)
    return True


@transaction.atomic
def store_order(row: Order, order: wire.Order, *, said_at: datetime) -> None:
    """Write what came by HL7, and was said at that moment, into the order, which is new or locked.

    The caller holds the lock of `patients.lock_patients`.
    """
    _write(row, order, with_last_word(_content(order), said_at=said_at))


def cancel_order(row: Order) -> None:
    """Cancel the locked order: what is not begun will not be done."""
    row.steps.filter(state=State.SCHEDULED).update(is_cancelled=True)
    restate(row)


def restate(row: Order) -> None:
    """Derive anew where the locked order stands, and let the portal hear of it."""
    steps = list(row.steps.order_by("position").prefetch_related("performed"))
    for step in steps:
        performed = [(one.state, one.is_mistake) for one in step.performed.all()]
        state = step_state(is_cancelled=step.is_cancelled, performed=performed)
        if state != step.state:
            step.state = state
            step.save(update_fields=["state"])
    row.state = order_state([step.state for step in steps])
    row.revision = next_revision(row.revision)
    row.changed_at = timezone.now()
    row.save(update_fields=["state", "revision", "changed_at"])
    enqueue_order_report(build_order_report(row, steps))


@transaction.atomic
def update_patient(patient_id: str, changes: dict[str, Any], *, said_at: datetime | None = None) -> int:
    """Change what the patient's open orders, and those that come later, say of the patient (wire names).

    `said_at` is now where it is not given. Returns how many open orders there were.
    """
    lock_patients()
    remember_patient(patient_id, changes, said_at or timezone.now())
    rows = list(orders_of_patient(patient_id))
    for row in rows:
        _change_patient(row, changes)
    return len(rows)


@transaction.atomic
def move_patient(
    prior_patient_id: str, patient_id: str, changes: dict[str, Any], *, said_at: datetime | None = None
) -> int:
    """Let the orders of one patient ID, those that come later too, be another's: the two are the same person.

    `said_at` is now where it is not given. Returns how many open orders there were.
    """
    lock_patients()
    remember_merge(prior_patient_id, patient_id, said_at or timezone.now())
    remember_patient(patient_id, changes, said_at or timezone.now())
    rows = list(orders_of_patient(prior_patient_id))
    for row in rows:
        _change_patient(row, changes | {"patient_id": patient_id})
    return len(rows)


def remember_feed(server_id: UUID, revision: int) -> None:
    """This server has the portal's orders up to the revision."""
    OrderFeed.objects.update_or_create(server_id=server_id, defaults={"revision": revision})


def forget_portal_revisions() -> None:
    """Take whatever the portal says of its orders next, whatever revision it calls that."""
    Order.objects.filter(origin=Origin.PORTAL).update(portal_revision=0)


def _change_patient(row: Order, changes: dict[str, Any]) -> None:
    patient = wire.OrderPatient.model_validate(row.content["patient"] | changes, strict=False)
    facts = PatientFacts.of(row.content).changed(patient.model_dump(mode="json"), timezone.now())
    row.content = facts.in_content(row.content)
    row.patient_id = patient.patient_id
    row.save(update_fields=["content", "patient_id"])
    restate(row)


def _content(order: wire.Order) -> dict[str, Any]:
    return order.model_dump(mode="json", exclude={"steps", "is_cancelled", "revision", "order_id"})


def _write(row: Order, order: wire.Order, content: dict[str, Any]) -> None:
    row.placer_order_number = order.placer_order_number
    row.filler_order_number = order.filler_order_number
    row.accession_number = order.accession_number
    row.study_instance_uid = order.study_instance_uid
    row.patient_id = content["patient"]["patient_id"]
    row.content = content
    row.save()
    known = {step.scheduled_procedure_step_id: step for step in row.steps.all()}
    for position, step in enumerate(order.steps):
        found = known.pop(step.scheduled_procedure_step_id, None)
        _write_step(found or ScheduledProcedureStep(order=row), position, step, is_cancelled=order.is_cancelled)
    # A step that was taken off the order; what was begun of it stays.
    for gone in known.values():
        if gone.state in OPEN_STATES and not gone.performed.exists():
            gone.delete()
    restate(row)


def _write_step(row: ScheduledProcedureStep, position: int, step: wire.ScheduledStep, *, is_cancelled: bool) -> None:
    row.position = position
    row.scheduled_procedure_step_id = step.scheduled_procedure_step_id
    row.modality = step.modality
    row.station_ae_titles = [title.strip() for title in step.scheduled_station_ae_titles]
    row.start_date, row.start_time = step.scheduled_start_date, step.scheduled_start_time
    row.content = step.model_dump(mode="json")
    row.is_cancelled = is_cancelled
    row.save()
