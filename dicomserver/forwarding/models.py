"""The rules by which instances go on to other machines, and one row for each instance and destination."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from dicomserver.access.models import Peer
from dicomserver.index.models import Instance


class Trigger(models.TextChoices):
    """When a rule queues what it matches."""

    INSTANCE = "instance", "With each instance"
    STUDY = "study", "When the study is complete"


class CommitmentState(models.TextChoices):
    """Whether the destination has committed itself to keep an instance (PS3.4 Annex J)."""

    NONE = "", "Not asked for"
    WANTED = "wanted", "Asked for when the instance is sent"
    ASKED = "asked", "Asked"
    COMMITTED = "committed", "Committed"


class ForwardRule(models.Model):
    """What goes to which destination. A condition that is empty holds for everything; all of them must hold."""

    name = models.CharField(max_length=64, unique=True)
    destination = models.ForeignKey(Peer, on_delete=models.CASCADE, related_name="+")
    trigger = models.CharField(max_length=16, choices=Trigger.choices, default=Trigger.INSTANCE)
    modalities = ArrayField(models.CharField(max_length=16), blank=True, default=list)
    calling_ae_titles = ArrayField(models.CharField(max_length=16), blank=True, default=list)
    called_ae_titles = ArrayField(models.CharField(max_length=16), blank=True, default=list)
    source = models.ForeignKey(Peer, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    # Patterns with * and ?, without regard to case and diacritics.
    study_description = models.CharField(max_length=128, blank=True, default="")
    series_description = models.CharField(max_length=128, blank=True, default="")
    body_parts = ArrayField(models.CharField(max_length=16), blank=True, default=list)
    # When the instance was received, in the time zone: days of the week (ISO 8601, 1 is Monday) and hours, which may
    # run over midnight.
    weekdays = ArrayField(models.PositiveSmallIntegerField(), blank=True, default=list)
    received_from = models.TimeField(null=True, blank=True)
    received_until = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    asks_commitment = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        """Its name."""
        return self.name


class Forward(models.Model):
    """One instance on its way to one destination; it stays as the record that the destination has its copy.

    What the destination refuses for good is parked: seen in monitoring, tried rarely, never dropped.
    """

    destination = models.ForeignKey(Peer, on_delete=models.CASCADE, related_name="+")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="+")
    # The rule's name; empty where somebody asked for it.
    rule = models.CharField(max_length=64, blank=True, default="", db_default="")
    created_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    last_error = models.CharField(max_length=300, blank=True, default="", db_default="")
    parked_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    commitment = models.CharField(max_length=16, choices=CommitmentState.choices, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["destination", "instance"], name="forwarding_once_a_destination")
        ]
        indexes = [
            models.Index(
                fields=["destination", "created_at", "id"],
                name="forwarding_waiting",
                condition=models.Q(sent_at__isnull=True),
            ),
            models.Index(
                fields=["destination", "sent_at"],
                name="forwarding_uncommitted",
                condition=models.Q(commitment__in=["wanted", "asked"], sent_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """The keys of both."""
        return f"{self.instance_id} to {self.destination_id}"


class ReceivedFrom(models.Model):
    """From which address an instance came: kept where a rule that waits for the study may have to know it."""

    instance = models.OneToOneField(Instance, on_delete=models.CASCADE, primary_key=True, related_name="+")
    remote_address = models.CharField(max_length=64)

    def __str__(self) -> str:
        """The instance's key and the address."""
        return f"{self.instance_id} from {self.remote_address}"


class Destination(models.Model):
    """How a destination was when it was last tried: while it cannot be reached, nothing waits for each instance."""

    peer = models.OneToOneField(Peer, on_delete=models.CASCADE, primary_key=True, related_name="+")
    failures = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    down_since = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")

    def __str__(self) -> str:
        """The peer's key."""
        return str(self.peer_id)
