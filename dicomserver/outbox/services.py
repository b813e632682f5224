"""Putting messages into the outbox, in the transaction of what they tell; completing studies; delivery."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from dicomserver.index.models import Study
from dicomserver.index.services import next_revision
from dicomserver.outbox.delivery import GROWTH_SECONDS, deliver_due_messages, hasten_unreachable, prune_delivered
from dicomserver.outbox.models import Kind, OutboxMessage, StudyHold
from dicomserver.outbox.signals import study_completed
from wire.events import AccessEvent
from wire.orders import OrderReport
from wire.studies import StudyReport

__all__ = [
    "complete_announced_study",
    "complete_quiet_studies",
    "complete_study",
    "deliver_due_messages",
    "enqueue_access_event",
    "enqueue_order_report",
    "enqueue_study_removal",
    "hasten_unreachable",
    "hold_study_open",
    "prune_delivered",
    "request_study_report",
]

COMPLETION_BATCH: Final = 100

# The lock on the study orders this with the delivery, which takes it before it calls a report delivered: either the
# delivery sees the change, or this sees that no report waits any more. One statement, as it runs for each instance.
_REQUEST: Final = """
    WITH study AS (SELECT study_instance_uid FROM index_study WHERE id = %(study)s FOR NO KEY UPDATE)
    INSERT INTO outbox_outboxmessage
        (message_id, kind, subject, created_at, next_attempt_at, attempts, failure, last_error)
    SELECT %(message_id)s, %(kind)s, study_instance_uid, %(now)s,
        %(now)s + CASE
            WHEN EXISTS (SELECT FROM outbox_outboxmessage WHERE kind = %(kind)s AND subject = study_instance_uid)
            THEN make_interval(secs => %(growth)s) ELSE make_interval()
        END, 0, '', ''
    FROM study
    ON CONFLICT (subject) WHERE kind = 'study_report' AND delivered_at IS NULL AND parked_at IS NULL DO NOTHING
"""


def request_study_report(study_pk: int) -> None:
    """Let the portal hear of the study's present state: at once where it is new, within seconds where it grows.

    Called in the transaction that changes the study and its revision.
    """
    values: dict[str, Any] = {
        "study": study_pk,
        "message_id": uuid4(),
        "kind": Kind.STUDY_REPORT.value,
        "now": timezone.now(),
        "growth": GROWTH_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REQUEST, values)


def enqueue_access_event(event: AccessEvent) -> None:
    """Keep the event until the portal has it."""
    OutboxMessage.objects.create(
        message_id=event.message_id,
        kind=Kind.ACCESS_EVENT,
        subject=event.session_id or "",
        body=event.model_dump(mode="json"),
    )


def enqueue_study_removal(report: StudyReport) -> None:
    """Let the portal hear that nothing is left of a study: a report without series, newer than all before.

    Called in the transaction that deletes the study. Where it comes again, its revision is higher.
    """
    OutboxMessage.objects.create(
        message_id=report.message_id,
        kind=Kind.STUDY_REMOVAL,
        subject=report.study_instance_uid,
        body=report.model_dump(mode="json"),
    )


def enqueue_order_report(report: OrderReport) -> None:
    """Keep what became of an order until the portal has it; the portal itself passes over what is older than it has."""
    OutboxMessage.objects.create(
        message_id=report.message_id,
        kind=Kind.ORDER_REPORT,
        subject=str(report.order_id),
        body=report.model_dump(mode="json"),
    )


def hold_study_open(study_instance_uid: str, until: datetime | None) -> None:
    """Let quiet alone not complete the study before `until`; None lets it again."""
    if until is None:
        StudyHold.objects.filter(study_instance_uid=study_instance_uid).delete()
    else:
        StudyHold.objects.update_or_create(study_instance_uid=study_instance_uid, defaults={"until": until})


def complete_announced_study(study_instance_uid: str) -> bool:
    """Mark the study as complete now and request its report; False where it is complete already, or not here."""
    with transaction.atomic():
        open_ones = Study.objects.select_for_update(no_key=True).filter(completed_at__isnull=True)
        study = open_ones.filter(study_instance_uid=study_instance_uid).first()
        if study is not None:
            complete_study(study, timezone.now())
        return study is not None


def complete_quiet_studies() -> int:
    """Mark studies quiet for STUDY_QUIET_SECONDS as complete and request their reports; returns how many.

    Those that are held open are left out.
    """
    now = timezone.now()
    quiet_since = now - timedelta(seconds=settings.STUDY_QUIET_SECONDS)
    StudyHold.objects.filter(until__lte=now).delete()
    held = StudyHold.objects.filter(study_instance_uid=OuterRef("study_instance_uid"), until__gt=now)
    with transaction.atomic():
        quiet = (
            Study.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(~Exists(held), completed_at__isnull=True, last_received_at__lte=quiet_since)
            .order_by("pk")[:COMPLETION_BATCH]
        )
        for study in quiet:
            complete_study(study, now)
        return len(quiet)


def complete_study(study: Study, now: datetime) -> None:
    """Mark the study, locked by the caller's transaction, as complete, and tell whoever waits for that."""
    study.completed_at = now
    study.revision = next_revision(study.revision)
    study.save(update_fields=["completed_at", "revision"])
    request_study_report(study.pk)
    study_completed.send(sender=None, study=study)
