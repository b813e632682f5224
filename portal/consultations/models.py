"""A question to a consultant about studies of one patient, and what became of it."""

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from portal.grants.models import Grant
from portal.institutions.models import Institution
from portal.invitations.models import Invitation


class ClosedReason(models.TextChoices):
    """What ended the consultation; the deadline needs no entry, it ends by itself."""

    ANSWERED = "answered", _("answered")
    WITHDRAWN = "withdrawn", _("withdrawn")


class State(models.TextChoices):
    """Where a consultation stands."""

    OPEN = "open", _("open")
    ANSWERED = "answered", _("answered")
    WITHDRAWN = "withdrawn", _("withdrawn")
    OVERDUE = "overdue", _("not answered in time")


class Consultation(models.Model):
    """One question of one member of staff to one consultant, open until the answer or the deadline."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    inviter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="consultations_asked")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="consultations")
    """In whose name it is asked."""
    email = models.EmailField()
    """To whom it was sent; whoever proves the address may answer."""
    consultant_name = models.CharField(max_length=200, blank=True)
    """Name and place as the inviter knows them."""
    consultant = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="consultations"
    )
    """The person asked, where they were a consultant already, and whoever answered."""
    invitation = models.ForeignKey(
        Invitation, null=True, blank=True, on_delete=models.SET_NULL, related_name="consultations"
    )
    question = models.TextField(max_length=4000)
    deadline = models.DateTimeField()
    without_identity = models.BooleanField()
    options = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    """As `wire.deidentification.Option` names them."""
    consent = models.CharField(max_length=500, blank=True)
    """The patient's consent to show who they are: date and paper."""
    pixels_checked = models.BooleanField(default=False)
    """The inviter says that no identity is written in the images."""
    asked_at = models.DateTimeField()
    draft = models.TextField(max_length=20000, blank=True)
    answer = models.TextField(max_length=20000, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.CharField(max_length=12, choices=ClosedReason.choices, blank=True)
    grants = models.ManyToManyField(Grant, through="ConsultedStudy", related_name="consultations")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="consultation_address_in_lower_case"),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, closed_reason="")
                | (models.Q(closed_at__isnull=False) & ~models.Q(closed_reason="")),
                name="consultation_is_closed_for_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(answered_at__isnull=True, answer="")
                | models.Q(answered_at__isnull=False, closed_reason="answered"),
                name="consultation_is_closed_by_its_answer",
            ),
            models.CheckConstraint(
                condition=models.Q(without_identity=True) | ~models.Q(consent=""),
                name="consultation_with_identity_has_consent",
            ),
        ]
        indexes = [
            models.Index(fields=["inviter", "-asked_at", "-id"], name="consultation_asked_by"),
            models.Index(fields=["email", "-asked_at", "-id"], name="consultation_asked_of"),
            models.Index(fields=["-asked_at", "-id"], name="consultation_newest"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def asked_of(self) -> str:
        """Whom it asks, in words."""
        return self.consultant_name or self.email

    def state_at(self, now: datetime) -> State:
        """Where it stands at `now`."""
        if self.closed_reason:
            return State(self.closed_reason)
        return State.OPEN if now < self.deadline else State.OVERDUE


class ConsultedStudy(models.Model):
    """One of the studies asked about: by the grant that opens it."""

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="consulted")
    grant = models.OneToOneField(Grant, on_delete=models.CASCADE, related_name="consulted")

    def __str__(self) -> str:
        return f"{self.consultation_id}: {self.grant_id}"
