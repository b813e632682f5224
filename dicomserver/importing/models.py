"""What people send to this server in pieces: one row an upload, and one for each file found in it."""

import uuid

from django.db import models
from django.utils import timezone


class Upload(models.Model):
    """One file on its way from somebody's browser; its bytes lie in `uploads/` until they are imported.

    `received_bytes` of them are durable. `wish` says as whose document it shall be kept where it is none of DICOM's
    (`importing.wishes`). Names may be patients': they are kept no longer than the results are shown.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sub = models.CharField(max_length=64)
    # What was chosen together: one visit of the page.
    batch = models.CharField(max_length=64, blank=True, default="")
    name = models.TextField()
    length = models.BigIntegerField()
    received_bytes = models.BigIntegerField(default=0)
    # Of the whole file, as its sender says; empty where it was not told.
    sha256 = models.CharField(max_length=64, blank=True, default="")
    wish = models.JSONField(null=True, blank=True)
    remote_address = models.CharField(max_length=64, blank=True, default="")
    session_id = models.CharField(max_length=64, blank=True, default="")
    token_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    imported_at = models.DateTimeField(null=True, blank=True)
    # Why the import waits, in a sentence.
    trouble = models.TextField(blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["sub", "-created_at"], name="importing_upload_of_person"),
            models.Index(
                fields=["finished_at"], name="importing_upload_waits", condition=models.Q(imported_at__isnull=True)
            ),
            models.Index(fields=["sha256"], name="importing_upload_sha256", condition=~models.Q(sha256="")),
        ]

    def __str__(self) -> str:
        """The key alone: names do not belong into logs."""
        return str(self.pk)


class UploadedFile(models.Model):
    """What became of one file of an upload; of a ZIP there are many."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="files")
    name = models.TextField()
    outcome = models.CharField(max_length=16)
    reason = models.CharField(max_length=64, blank=True, default="")
    explanation = models.TextField(blank=True, default="")
    study_instance_uid = models.CharField(max_length=64, blank=True, default="")
    sop_instance_uid = models.CharField(max_length=64, blank=True, default="")

    def __str__(self) -> str:
        """The outcome and the upload's key."""
        return f"{self.outcome} {self.upload_id}"
