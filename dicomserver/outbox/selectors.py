"""Reading the outbox: what is due, and the figures that monitoring shows."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet

from dicomserver.outbox.models import Failure, OutboxMessage


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """What waits for the portal; parked messages wait too, and are counted apart as well."""

    waiting: int
    parked: int
    oldest_waiting_since: datetime | None


def next_due_message_locked(now: datetime) -> OutboxMessage | None:
    """The message that is due longest and that no other process delivers, locked until the transaction ends."""
    return (
        OutboxMessage.objects.select_for_update(skip_locked=True)
        .filter(delivered_at__isnull=True, next_attempt_at__lte=now)
        .order_by("next_attempt_at", "pk")
        .first()
    )


def outbox_counts() -> OutboxCounts:
    """The figures of the whole outbox."""
    figures = OutboxMessage.objects.filter(delivered_at__isnull=True).aggregate(
        waiting=Count("pk"), parked=Count("pk", filter=Q(parked_at__isnull=False)), oldest=Min("created_at")
    )
    return OutboxCounts(figures["waiting"], figures["parked"], figures["oldest"])


def undelivered_unreachable(now: datetime) -> QuerySet[OutboxMessage, int]:
    """The keys of messages that wait because the portal did not answer, locked; those under delivery left out."""
    return (
        OutboxMessage.objects.select_for_update(skip_locked=True)
        .filter(delivered_at__isnull=True, failure=Failure.UNREACHABLE, next_attempt_at__gt=now)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
