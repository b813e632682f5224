"""An order at one DICOM Server, and the count of changes by which that server asks for what it lacks."""

import uuid
from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.servers.models import DicomServer

# Of why an order is taken back, in characters: enough to say something, and one line.
MIN_REASON: Final = 5
MAX_REASON: Final = 200


class State(models.TextChoices):
    """Where an order, or a step of it, stands."""

    SCHEDULED = "scheduled", _("scheduled")
    IN_PROGRESS = "in_progress", _("in progress")
    COMPLETED = "completed", _("completed")
    DISCONTINUED = "discontinued", _("discontinued")
    CANCELLED = "cancelled", _("cancelled")


class Origin(models.TextChoices):
    """Where an order was placed."""

    PORTAL = "portal", _("here")
    HL7 = "hl7", _("by HL7")


class Order(models.Model):
    """An imaging service request with one requested procedure and its scheduled steps, for one DICOM Server.

    `content` is what travels (the fields of `wire.orders`, without IDs and revisions); columns hold what is looked for.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    server = models.ForeignKey(DicomServer, on_delete=models.PROTECT, related_name="orders")
    order_id = models.UUIDField()
    """As portal and server call it; a server chooses those of what came to it."""
    origin = models.CharField(max_length=8, choices=Origin.choices)
    revision = models.BigIntegerField(default=0)
    """Of this portal's own orders: the server's count of changes at the last one."""
    reported_revision = models.BigIntegerField(default=0)
    """Of what the server said last; 0 before it has the order."""
    placer_order_number = models.CharField(max_length=64, blank=True)
    accession_number = models.CharField(max_length=16, blank=True)
    study_instance_uid = models.CharField(max_length=64)
    patient_id = models.CharField(max_length=256, blank=True)
    modalities = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    scheduled_on = models.DateField(null=True, blank=True)
    """The day of the first step."""
    scheduled_start = models.CharField(max_length=14, blank=True, default="")
    """Day and time of the first step as DICOM writes them, by which lists are sorted; empty where it has none."""
    search_vector = SearchVectorField(null=True, editable=False)
    content = models.JSONField()
    asked_digest = models.CharField(max_length=64, blank=True)
    """SHA-256 of what was asked for when it was placed: so that the same request again is known."""
    is_cancelled = models.BooleanField(default=False)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="orders_cancelled"
    )
    cancellation_reason = models.CharField(max_length=MAX_REASON, blank=True, default="")
    state = models.CharField(max_length=12, choices=State.choices, default=State.SCHEDULED)
    step_states = models.JSONField(default=dict, blank=True)
    performed_steps = models.JSONField(default=list, blank=True)
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="orders_placed"
    )
    ordered_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    reported_at = models.DateTimeField(null=True, blank=True)
    """When the server last said something of it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["server", "order_id"], name="order_of_server"),
            models.UniqueConstraint(
                fields=["server", "placer_order_number"],
                condition=models.Q(origin="portal") & ~models.Q(placer_order_number=""),
                name="order_placed_once",
            ),
        ]
        indexes = [
            models.Index(fields=["server", "revision"], name="order_feed"),
            models.Index(fields=["server", "-ordered_at", "-id"], name="order_newest"),
            models.Index(fields=["server", "-scheduled_start", "-id"], name="order_scheduled"),
            models.Index(fields=["server", "state", "-scheduled_start", "-id"], name="order_state"),
            GinIndex(fields=["search_vector"], name="order_search"),
            models.Index(fields=["accession_number"], name="order_accession"),
            models.Index(fields=["study_instance_uid"], name="order_study"),
            models.Index(fields=["patient_id"], name="order_patient"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class OrderFeed(models.Model):
    """How many changes of orders a server was told to fetch; a change takes the next number and this row's lock."""

    server = models.OneToOneField(DicomServer, on_delete=models.CASCADE, related_name="order_feed")
    revision = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.server_id}: {self.revision}"
