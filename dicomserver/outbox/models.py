"""The messages for the portal: rows are written in the transaction of what they tell, and leave when delivered."""

from uuid import uuid4

from django.db import models
from django.utils import timezone


class Kind(models.TextChoices):
    """What a message tells."""

    STUDY_REPORT = "study_report", "Study report"
    STUDY_REMOVAL = "study_removal", "Last report of a study that is gone"
    ACCESS_EVENT = "access_event", "Access event"
    ORDER_REPORT = "order_report", "Order report"


class Failure(models.TextChoices):
    """How the last attempt failed, by what follows from it."""

    NONE = "", "None"
    UNREACHABLE = "unreachable", "The portal did not answer"
    BUSY = "busy", "The portal may take it later"
    REFUSED = "refused", "The portal will not take it as it is"


class OutboxMessage(models.Model):
    """One message until the portal has it, and some days longer.

    An access event, an order report and the last report of a study that is gone hold their bodies. A study report
    holds none: it is built from the index at each attempt, so that one waiting row stands for all that happened to the
    study; `message_id` then seeds an ID a revision.
    A message that the portal refuses for good is parked: seen in monitoring, tried rarely, never dropped; a newer
    report of the same study that succeeds replaces it.
    """

    message_id = models.UUIDField(unique=True, default=uuid4)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    # The StudyInstanceUID of a study report, the viewing session of an access event, the ID of an order.
    subject = models.CharField(max_length=64, blank=True, default="")
    body = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=16, choices=Failure.choices, blank=True, default="")
    last_error = models.CharField(max_length=300, blank=True, default="")
    parked_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    delivered_revision = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=models.Q(kind="study_report", delivered_at__isnull=True, parked_at__isnull=True),
                name="outbox_one_waiting_report_a_study",
            )
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="outbox_due", condition=models.Q(delivered_at__isnull=True)),
            models.Index(fields=["kind", "subject"], name="outbox_subject"),
            models.Index(fields=["delivered_at"], name="outbox_delivered"),
        ]

    def __str__(self) -> str:
        """The kind and the ID."""
        return f"{self.kind} {self.message_id}"


class StudyHold(models.Model):
    """A study that is not complete for being quiet, as more of it was announced; until then at most.

    The study itself may not be there yet.
    """

    study_instance_uid = models.CharField(max_length=64, unique=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        """The study's UID."""
        return self.study_instance_uid
