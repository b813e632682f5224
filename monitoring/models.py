"""What DICOM Servers say of themselves."""

from django.db import models

from portal.servers.models import DicomServer


class ServerState(models.Model):
    """The newest heartbeat of a DICOM Server."""

    server = models.OneToOneField(DicomServer, on_delete=models.CASCADE, primary_key=True, related_name="state")
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField()
    started_at = models.DateTimeField()
    archive_bytes_total = models.PositiveBigIntegerField()
    archive_bytes_free = models.PositiveBigIntegerField()
    number_of_studies = models.PositiveBigIntegerField()
    number_of_instances = models.PositiveBigIntegerField()
    outbox_waiting = models.PositiveIntegerField()
    outbox_oldest_waiting_since = models.DateTimeField(null=True)
    last_received_at = models.DateTimeField(null=True)
    conflicts = models.PositiveIntegerField()
    quarantined = models.PositiveIntegerField()
    # wire.heartbeats.Trouble: what keeps the server from storing.
    troubles = models.JSONField(default=list)
    # wire.heartbeats.CertificateState as JSON: what the server depends on, and when it ends.
    certificates = models.JSONField(default=list)
    # wire.heartbeats.ForwardingState as JSON; null where the server forwards nothing.
    forwarding = models.JSONField(null=True)
    # wire.heartbeats.EquipmentState as JSON: the machines around the server that it watches.
    equipment = models.JSONField(default=list)
    # Null: nothing is set aside, or the server's version does not say when.
    last_set_aside_at = models.DateTimeField(null=True)
    # wire.heartbeats.UntoldState as JSON; null where the server does not say.
    untold_commitments = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"state of {self.server_id}"
