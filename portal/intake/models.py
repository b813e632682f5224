"""Which messages of DICOM Servers were taken in, so that a second delivery changes nothing."""

from django.db import models

from portal.servers.models import DicomServer


class ReceivedMessage(models.Model):
    """A message that was taken in; rows older than any redelivery are pruned."""

    message_id = models.UUIDField(primary_key=True)
    server = models.ForeignKey(DicomServer, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=32)
    received_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["received_at"])]

    def __str__(self) -> str:
        return str(self.message_id)
