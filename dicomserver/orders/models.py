"""The rows of orders: what is scheduled, what modalities report of it, and which instances they announced."""

from django.db import models
from django.utils import timezone

from wire.orders import State as StepState


class State(models.TextChoices):
    """Where a step stands, or an order with all its steps."""

    SCHEDULED = StepState.SCHEDULED.value, "Scheduled"
    IN_PROGRESS = StepState.IN_PROGRESS.value, "In progress"
    COMPLETED = StepState.COMPLETED.value, "Completed"
    DISCONTINUED = StepState.DISCONTINUED.value, "Discontinued"
    CANCELLED = StepState.CANCELLED.value, "Cancelled"


OPEN_STATES = (State.SCHEDULED, State.IN_PROGRESS)


class Origin(models.TextChoices):
    """By which way an order came."""

    PORTAL = "portal", "Portal"
    HL7 = "hl7", "HL7"


class Order(models.Model):
    """An imaging service request with its one requested procedure, its patient and visit (PS3.3 C.4.11 to C.4.13).

    `content` holds all attributes as the wire names them, the patient's among them; columns hold what is looked for.
    `revision` is this server's own count of changes, for the portal.
    """

    order_id = models.UUIDField(unique=True)
    origin = models.CharField(max_length=8, choices=Origin.choices)
    # Who sent it by HL7 (application|facility): order numbers are theirs.
    sender = models.CharField(max_length=520, blank=True, default="")
    portal_revision = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(default=0)
    placer_order_number = models.CharField(max_length=256, blank=True, default="")
    filler_order_number = models.CharField(max_length=256, blank=True, default="")
    accession_number = models.CharField(max_length=16, blank=True, default="")
    study_instance_uid = models.CharField(max_length=64)
    patient_id = models.CharField(max_length=256, blank=True, default="")
    content = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.SCHEDULED)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["study_instance_uid"], name="orders_order_study"),
            models.Index(fields=["placer_order_number"], name="orders_order_placer"),
            models.Index(fields=["accession_number"], name="orders_order_accession"),
            models.Index(fields=["patient_id"], name="orders_order_patient"),
        ]

    def __str__(self) -> str:
        """The ID alone: names do not belong into logs."""
        return str(self.order_id)


class ScheduledProcedureStep(models.Model):
    """One step of an order's requested procedure (PS3.3 C.4.10)."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    scheduled_procedure_step_id = models.CharField(max_length=16)
    modality = models.CharField(max_length=16, blank=True)
    # Empty: any station of the modality.
    station_ae_titles = models.JSONField(default=list, blank=True)
    start_date = models.CharField(max_length=8, blank=True)
    start_time = models.CharField(max_length=6, blank=True)
    content = models.JSONField(default=dict)
    # Whoever ordered it took it back; what was done of it is done all the same.
    is_cancelled = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.SCHEDULED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "scheduled_procedure_step_id"], name="orders_step_of_order")
        ]
        indexes = [
            models.Index(
                fields=["start_date", "start_time"],
                name="orders_step_open",
                condition=models.Q(state__in=["scheduled", "in_progress"]),
            )
        ]

    def __str__(self) -> str:
        """The step's own ID."""
        return self.scheduled_procedure_step_id


class PerformedProcedureStep(models.Model):
    """A Modality Performed Procedure Step as the modality created and changed it (PS3.4 Annex F)."""

    sop_instance_uid = models.CharField(max_length=64, unique=True)
    state = models.CharField(
        max_length=12,
        choices=[one for one in State.choices if one[0] not in {State.SCHEDULED, State.CANCELLED}],
    )
    # One row may belong to several steps: a modality does them in one go.
    steps = models.ManyToManyField(ScheduledProcedureStep, related_name="performed", blank=True)
    study_instance_uids = models.JSONField(default=list)
    performed_station_ae_title = models.CharField(max_length=16, blank=True)
    started_at = models.CharField(max_length=32, blank=True)
    ended_at = models.CharField(max_length=32, blank=True)
    # A wrong entry of the worklist was chosen: the scheduled step is as if nothing had been done for it.
    is_mistake = models.BooleanField(default=False)
    # The attributes as DICOM JSON (PS3.18 Annex F), as sent.
    data_set = models.JSONField(default=dict)
    calling_ae_title = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["changed_at"], name="orders_performed_open", condition=models.Q(state="in_progress"))
        ]

    def __str__(self) -> str:
        """The SOP Instance UID."""
        return self.sop_instance_uid


class AnnouncedInstance(models.Model):
    """An instance of which somebody said that it belongs to a study: the study is complete when all are there."""

    study_instance_uid = models.CharField(max_length=64)
    sop_instance_uid = models.CharField(max_length=64)
    # "procedure_step" or "commitment": who said so last.
    announced_by = models.CharField(max_length=16)
    announced_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study_instance_uid", "sop_instance_uid"], name="orders_announced_once")
        ]
        indexes = [models.Index(fields=["announced_at"], name="orders_announced_at")]

    def __str__(self) -> str:
        """The SOP Instance UID."""
        return self.sop_instance_uid


class PatientWord(models.Model):
    """What was last said of a patient, by HL7 (ADT), for orders that come later; not for long.

    `facts` are those of the wire by their names, `said_at` when each was said (ISO 8601).
    """

    patient_id = models.CharField(max_length=256, unique=True)
    facts = models.JSONField(default=dict)
    said_at = models.JSONField(default=dict)
    # The ID is no more: the patient has this one.
    merged_into = models.CharField(max_length=256, blank=True, default="")
    merged_at = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["heard_at"], name="orders_patient_heard_at")]

    def __str__(self) -> str:
        """The row's own number: who the patient is does not belong into logs."""
        return str(self.pk)


class OrderFeed(models.Model):
    """Up to which revision this server has the portal's orders; another enrolment counts anew."""

    server_id = models.UUIDField(unique=True)
    revision = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        """Which enrolment."""
        return str(self.server_id)
