"""Marks on the images of a holding; what each said, and when, stays in its versions."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.grants.models import Grant
from portal.studies.models import Study
from viewer.marks.kinds import Kind


class Mark(models.Model):
    """One mark of one author. What it says is in its newest version; this row says which one that is."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="marks")
    grant = models.ForeignKey(Grant, null=True, blank=True, on_delete=models.CASCADE, related_name="marks")
    """The access without identity under which it was made: its UIDs are those of this grant, and nobody else's."""
    mark_id = models.UUIDField()
    """Made by the viewer, so that saving the same twice is saving once."""
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="marks")
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    is_deleted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "mark_id"], condition=Q(grant__isnull=True), name="one_mark_per_study_and_id"
            ),
            models.UniqueConstraint(
                fields=["grant", "mark_id"], condition=Q(grant__isnull=False), name="one_mark_per_grant_and_id"
            ),
        ]
        indexes = [models.Index(fields=["study", "grant", "created_at", "id"])]

    def __str__(self) -> str:
        return str(self.mark_id)


class MarkVersion(models.Model):
    """What a mark said from one change to the next; the database refuses to change such a row."""

    mark = models.ForeignKey(Mark, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    session_id = models.CharField(max_length=64)
    """The viewing session in which it was made, by which the audit log leads here."""
    is_deletion = models.BooleanField(default=False)
    """The author took the mark away; the rest says what it was."""
    kind = models.CharField(max_length=16, choices=Kind.choices)
    series_instance_uid = models.CharField(max_length=64)
    sop_instance_uid = models.CharField(max_length=64)
    frame_number = models.PositiveIntegerField()
    points = models.JSONField(default=list)
    """[column, row] of each in pixels of the image; the centre of its first pixel is [0, 0]."""
    text = models.CharField(max_length=500, blank=True)
    values = models.JSONField(default=dict)
    """What the viewer showed beside the mark: numbers and short words."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mark", "version"], name="one_row_per_version_of_a_mark")]
        indexes = [models.Index(fields=["session_id", "-made_at"])]

    def __str__(self) -> str:
        return f"{self.mark_id} version {self.version}"
