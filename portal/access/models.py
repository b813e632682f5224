"""Requests for access that an institution decides, and the review marks on what doctors opened by break-glass."""

import uuid
from datetime import date, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.grants.models import Grant, Permission
from portal.studies.models import Study


class RequestState(models.TextChoices):
    """What became of a request."""

    OPEN = "open", _("Waiting")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class AccessRequest(models.Model):
    """A doctor asks the institution that owns a holding for access to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_requests")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="access_requests")
    permissions = ArrayField(models.CharField(max_length=12, choices=Permission.choices))
    wanted_until = models.DateTimeField()
    reason = models.CharField(max_length=1000)
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=RequestState.choices, default=RequestState.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=1000, blank=True)
    grant = models.OneToOneField(Grant, null=True, blank=True, on_delete=models.PROTECT, related_name="request")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["requester", "study"],
                condition=Q(state=RequestState.OPEN),
                name="one_open_request_per_study",
            ),
            models.CheckConstraint(
                condition=Q(state=RequestState.OPEN, decided_at__isnull=True)
                | (~Q(state=RequestState.OPEN) & Q(decided_at__isnull=False)),
                name="request_is_open_or_decided",
            ),
            models.CheckConstraint(
                condition=Q(state=RequestState.APPROVED, grant__isnull=False)
                | (~Q(state=RequestState.APPROVED) & Q(grant__isnull=True)),
                name="request_approved_has_a_grant",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-requested_at"], name="request_by_state"),
            models.Index(fields=["requester", "-requested_at"], name="request_by_requester"),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"

    @property
    def last_day(self) -> date:
        """The last day that is asked for, where the portal is."""
        return timezone.localdate(self.wanted_until - timedelta(microseconds=1))

    @property
    def is_open(self) -> bool:
        """True while nobody decided it."""
        return self.state == RequestState.OPEN


class BreakGlassReview(models.Model):
    """That an administrator of the owning institution looked into an opening, and what they found."""

    grant = models.OneToOneField(Grant, on_delete=models.CASCADE, related_name="review")
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()
    note = models.CharField(max_length=1000)

    def __str__(self) -> str:
        return f"review of {self.grant_id}"
