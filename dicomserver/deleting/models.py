"""The records of what was deleted: who, when, why; they stay when the bytes are gone."""

from uuid import uuid4

from django.db import models


class Deletion(models.Model):
    """One study, series or instance that left the index; its files lie in `deleted/<folder>/` until they are purged.

    Without a series all of the study was deleted, without an instance all of the series.
    """

    folder = models.UUIDField(unique=True, default=uuid4)
    study_instance_uid = models.CharField(max_length=64)
    series_instance_uid = models.CharField(max_length=64, blank=True, default="")
    sop_instance_uid = models.CharField(max_length=64, blank=True, default="")
    deleted_at = models.DateTimeField()
    deleted_by = models.CharField(max_length=200)
    reason = models.TextField(blank=True, default="")
    remote_address = models.CharField(max_length=64, blank=True, default="")
    instances = models.PositiveIntegerField()
    file_bytes = models.BigIntegerField()
    restored_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["study_instance_uid"], name="deleting_study"),
            models.Index(fields=["deleted_at"], name="deleting_unpurged", condition=models.Q(purged_at__isnull=True)),
        ]

    def __str__(self) -> str:
        """What was deleted."""
        return self.sop_instance_uid or self.series_instance_uid or self.study_instance_uid
