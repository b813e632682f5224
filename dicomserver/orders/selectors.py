"""Reading orders: by their numbers, by their steps, and what a worklist may list."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from dicomserver.orders.models import OPEN_STATES, Order, OrderFeed, PerformedProcedureStep, ScheduledProcedureStep


def order_locked(order_id: UUID) -> Order | None:
    """The order, locked until the transaction ends."""
    return Order.objects.select_for_update().filter(order_id=order_id).first()


def orders_locked(pks: Iterable[int]) -> list[Order]:
    """The orders, locked in the order of their keys."""
    return list(Order.objects.select_for_update().filter(pk__in=list(pks)).order_by("pk"))


def orders_of_patient(patient_id: str) -> QuerySet[Order]:
    """The orders of a patient that are not over, locked."""
    return Order.objects.select_for_update().filter(patient_id=patient_id, state__in=OPEN_STATES).order_by("pk")


def order_by_numbers(*, sender: str, placer_order_number: str, filler_order_number: str) -> Order | None:
    """The newest order that this sender knows by one of the numbers, locked."""
    orders = Order.objects.select_for_update().filter(sender=sender).order_by("-pk")
    if placer_order_number:
        found = orders.filter(placer_order_number=placer_order_number).first()
        if found is not None:
            return found
        # Another order of the placer's is another order, whatever number the filler gave it.
        orders = orders.filter(placer_order_number="")
    return orders.filter(filler_order_number=filler_order_number).first() if filler_order_number else None


def open_steps() -> QuerySet[ScheduledProcedureStep]:
    """The steps that a worklist may list, by when they are due."""
    steps = ScheduledProcedureStep.objects.select_related("order").filter(state__in=OPEN_STATES)
    return steps.order_by("start_date", "start_time", "pk")


def steps_named(study_instance_uid: str, scheduled_procedure_step_id: str) -> list[ScheduledProcedureStep]:
    """The steps that a performed step refers to; without an ID that is the only step of the study."""
    steps = ScheduledProcedureStep.objects.filter(order__study_instance_uid=study_instance_uid).order_by("pk")
    if scheduled_procedure_step_id:
        return list(steps.filter(scheduled_procedure_step_id=scheduled_procedure_step_id))
    found = list(steps[:2])
    return found if len(found) == 1 else []


def performed_step(sop_instance_uid: str) -> PerformedProcedureStep | None:
    """The performed step."""
    return PerformedProcedureStep.objects.filter(sop_instance_uid=sop_instance_uid).first()


def performed_step_locked(sop_instance_uid: str) -> PerformedProcedureStep | None:
    """The performed step, locked until the transaction ends."""
    return PerformedProcedureStep.objects.select_for_update().filter(sop_instance_uid=sop_instance_uid).first()


def fed_revision(server_id: UUID) -> int:
    """Up to which revision this server has the portal's orders."""
    found = OrderFeed.objects.filter(server_id=server_id).values_list("revision", flat=True).first()
    return found or 0
