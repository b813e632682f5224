"""Access that someone gave: grants that end, assignments, and the revocations that DICOM Servers are told."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.servers.models import DicomServer
from portal.studies.models import Patient, Study


class Permission(models.TextChoices):
    """What a person may do with a study."""

    VIEW = "view", _("view")
    DOWNLOAD = "download", _("download")
    REPORT = "report", _("report")
    SHARE = "share", _("share")


class Grant(models.Model):
    """Access to one study, or to a patient's history at one institution, from a time until a time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants")
    study = models.ForeignKey(Study, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    permissions = ArrayField(models.CharField(max_length=12, choices=Permission.choices))
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    reason = models.CharField(max_length=1000, blank=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="grants_given")
    granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(study__isnull=True, patient__isnull=False) | Q(study__isnull=False, patient__isnull=True),
                name="grant_names_a_study_or_a_patient",
            ),
            models.CheckConstraint(condition=Q(valid_until__gt=F("valid_from")), name="grant_ends_after_it_begins"),
        ]
        indexes = [models.Index(fields=["user", "valid_until"])]

    def __str__(self) -> str:
        return str(self.id)


class AssignmentPart(models.TextChoices):
    """In which role a person is assigned."""

    RADIOLOGIST = "radiologist"
    REFERRING_DOCTOR = "referring_doctor"


class Assignment(models.Model):
    """A study assigned to a radiologist, or a patient assigned to a doctor, until taken back."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assignments")
    part = models.CharField(max_length=20, choices=AssignmentPart.choices)
    study = models.ForeignKey(Study, null=True, blank=True, on_delete=models.CASCADE, related_name="assignments")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="assignments")
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(study__isnull=True, patient__isnull=False) | Q(study__isnull=False, patient__isnull=True),
                name="assignment_names_a_study_or_a_patient",
            ),
        ]
        indexes = [models.Index(fields=["user", "ended_at"])]

    def __str__(self) -> str:
        return f"assignment {self.pk}"


class Revocation(models.Model):
    """Tells one DICOM Server to refuse the tokens that a person got before a moment."""

    server = models.ForeignKey(DicomServer, on_delete=models.CASCADE, related_name="revocations")
    subject = models.UUIDField()
    study_instance_uid = models.CharField(max_length=64, blank=True)
    """Empty: every study of the server."""
    revoked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["server", "revoked_at"])]

    def __str__(self) -> str:
        return f"revocation {self.pk}"
