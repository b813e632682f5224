"""What came of the last question to each watched machine."""

from django.db import models

from dicomserver.access.models import Peer


class EquipmentCheck(models.Model):
    """The last C-ECHO of one peer, and since when it is as it is."""

    peer = models.OneToOneField(Peer, on_delete=models.CASCADE, primary_key=True, related_name="+")
    checked_at = models.DateTimeField()
    is_reachable = models.BooleanField()
    # From the request for the association to the answer; null where there was none.
    seconds = models.FloatField(null=True, blank=True)
    # When it answered last; null: never since it is watched.
    reachable_at = models.DateTimeField(null=True, blank=True)
    unreachable_since = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True, default="")

    def __str__(self) -> str:
        """The peer's key."""
        return str(self.peer_id)
