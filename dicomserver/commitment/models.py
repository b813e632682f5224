"""Requests for storage commitment, received and made: each stays until it is answered, and some days longer."""

from django.db import models
from django.utils import timezone

from dicomserver.access.models import Peer


class ReceivedRequest(models.Model):
    """Another machine asks this server to commit itself; it is told the result when that has been looked at.

    `result` is {"committed": [[SOP Class UID, SOP Instance UID], ...], "failed": [[..., ..., reason], ...]} and null
    until the instances were looked at. `is_announced` says that their studies wait for them, or are complete with them.
    """

    transaction_uid = models.CharField(max_length=64)
    calling_ae_title = models.CharField(max_length=16)
    called_ae_title = models.CharField(max_length=16)
    remote_address = models.CharField(max_length=64, blank=True, default="")
    references = models.JSONField()
    result = models.JSONField(null=True, blank=True)
    is_announced = models.BooleanField(default=False)
    received_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True, default="")
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["calling_ae_title", "transaction_uid"], name="commitment_transaction_of_caller"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="commitment_untold", condition=models.Q(told_at__isnull=True)
            ),
            models.Index(fields=["told_at"], name="commitment_told"),
        ]

    def __str__(self) -> str:
        """The transaction."""
        return self.transaction_uid


class OwnRequest(models.Model):
    """This server asks another archive to commit itself.

    An archive that does not answer in time is asked anew, under another transaction; its late answer counts too.
    """

    peer = models.ForeignKey(Peer, on_delete=models.CASCADE, related_name="+")
    transaction_uid = models.CharField(max_length=64, unique=True)
    references = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True, default="")
    # The archive has taken the request; an answer is expected until `next_attempt_at`.
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    committed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # Asked anew under this transaction.
    replaced_by = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="commitment_unanswered",
                condition=models.Q(answered_at__isnull=True, replaced_by=""),
            ),
            models.Index(fields=["answered_at"], name="commitment_answered"),
        ]

    def __str__(self) -> str:
        """The transaction."""
        return self.transaction_uid
