"""DICOM Servers of the institutions, and the one-time codes with which they enrol."""

import uuid
from datetime import datetime, timedelta

from django.db import models

from portal.institutions.models import Institution

UNREACHABLE_AFTER = timedelta(seconds=45)
"""No word from a server for this long and people are told that it cannot be reached."""


class DicomServer(models.Model):
    """One DICOM Server; the portal holds its public key only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="servers")
    name = models.CharField(max_length=200)
    ae_title = models.CharField(max_length=16)
    dicom_host = models.CharField(max_length=255)
    dicom_port = models.PositiveIntegerField()
    dicomweb_url = models.URLField(max_length=500)
    public_key = models.CharField(max_length=64)
    """Raw Ed25519 public key, base64url."""
    sealing_key = models.CharField(max_length=64, blank=True)
    """Raw X25519 public key, base64url, for what this server alone may read; empty for one that cannot de-identify."""
    enrolled_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)
    version = models.CharField(max_length=40, blank=True)
    last_contact_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["public_key"], name="one_server_per_public_key")]

    def __str__(self) -> str:
        return self.name

    def is_reachable(self, now: datetime) -> bool:
        """True when the server spoke to the portal lately."""
        return (
            self.disabled_at is None
            and self.last_contact_at is not None
            and now - self.last_contact_at < UNREACHABLE_AFTER
        )


class EnrolmentCode(models.Model):
    """A code that lets one new server of an institution enrol once."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="enrolment_codes")
    server_name = models.CharField(max_length=200)
    code_digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the code; the code itself is shown once and never stored."""
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(DicomServer, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"{self.server_name} at {self.institution_id}"
