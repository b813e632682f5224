"""What a person set for the viewer, one row a person; and how they had studies hang."""

from django.conf import settings
from django.db import models


class ViewerPreferences(models.Model):
    """One object that the viewer reads and writes as a whole: mouse, keys, corners."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="viewer_preferences")
    preferences = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "viewer preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class Hanging(models.Model):
    """The layout in which a person reads a modality and body part; empty texts stand for any."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="hangings")
    modality = models.CharField(max_length=16, blank=True)
    body_part = models.CharField(max_length=64, blank=True)
    layout = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "modality", "body_part"], name="one_hanging_per_person_and_kind")
        ]

    def __str__(self) -> str:
        return f"hanging {self.pk}"
