"""Which messages of DICOM Servers were taken in, so that a second delivery changes nothing."""

from django.db import models

from portal.servers.models import DicomServer


class ReceivedMessage(models.Model):
    """A message that was taken in; rows older than any redelivery are pruned."""

    message_id = models.UUIDField()
    server = models.ForeignKey(DicomServer, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=32)
    received_at = models.DateTimeField()

    class Meta:
        # Per server, so that no server can keep out a message of another one by using its ID first.
        constraints = [models.UniqueConstraint(fields=["server", "message_id"], name="one_row_per_message")]
        indexes = [models.Index(fields=["received_at"])]

    def __str__(self) -> str:
        return str(self.message_id)
