"""Invitations: a link sent to an e-mail address, which gives whoever reads there an account, and perhaps a role."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from portal.institutions.models import Institution, Role


class State(models.TextChoices):
    """Where an invitation stands."""

    PENDING = "pending", _("sent")
    ACCEPTED = "accepted", _("accepted")
    WITHDRAWN = "withdrawn", _("withdrawn")
    EXPIRED = "expired", _("expired")


class Invitation(models.Model):
    """One invitation. The link's token is nowhere kept, only its digest; a link sent again is a new one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token, in hexadecimal."""
    email = models.EmailField()
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=32, choices=Role.choices, blank=True)
    """The role that accepting gives; empty where it gives an account alone."""
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invitations_sent")
    purpose = models.CharField(max_length=40, default="membership")
    """Code of why somebody is invited, such as "membership", "consultation" or "grant"."""
    leads_to = models.CharField(max_length=200, default="/")
    """Path of this portal at which accepting ends."""
    allows_code = models.BooleanField(default=False)
    """A one-time code by e-mail suffices to sign in, where the institution still allows that."""
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="invitations_accepted",
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="invitation_address_in_lower_case"),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | models.Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_is_accepted_by_somebody",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(withdrawn_at__isnull=True),
                name="invitation_is_accepted_or_withdrawn",
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "-created_at", "-id"], name="invitation_newest"),
            models.Index(fields=["email"], name="invitation_address"),
        ]

    def __str__(self) -> str:
        return str(self.id)
