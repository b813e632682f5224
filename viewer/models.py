"""Which viewing sessions there are: one person, one sign-in, one study, however often the token is renewed."""

from django.conf import settings
from django.db import models

from portal.studies.models import Study


class ViewingSession(models.Model):
    """The stay of one person, within one browser session or API token, at one study."""

    session_id = models.CharField(max_length=64, unique=True)
    """The `sid` of its tokens."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="viewing_sessions")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="viewing_sessions")
    started_at = models.DateTimeField()
    renewed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["study", "-renewed_at"])]

    def __str__(self) -> str:
        return self.session_id
