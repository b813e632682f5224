"""A share link: one study for whoever holds its address and knows its PIN."""

import uuid
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.grants.models import Grant


class Closing(models.TextChoices):
    """Why a link was closed before its end."""

    REVOKED = "revoked", _("taken back")
    WRONG_PIN = "wrong_pin", _("five wrong PINs")
    ACCESS_LOST = "access_lost", _("whoever made it may not share the study any more")


class State(StrEnum):
    """What a link is at a moment; programs read the values."""

    OPEN = "open"
    USED_UP = "used_up"
    EXPIRED = "expired"
    CLOSED = "closed"
    REVOKED = "revoked"


class ShareLink(models.Model):
    """An address and a PIN that open one study, a number of times, until a time.

    Neither is stored: of the address a digest is kept, which is all its 256 random bits need; of the PIN, which is
    short, a salted slow hash. Whoever comes by it acts as `holder`, a user of the link's own, by `grant`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token in the address, in hexadecimal."""
    pin_hash = models.CharField(max_length=200)
    holder = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="share_link")
    grant = models.OneToOneField(Grant, on_delete=models.CASCADE, related_name="share_link")
    label = models.CharField(max_length=80)
    """What its maker calls it, such as "for Dr. Rusu"."""
    max_uses = models.PositiveSmallIntegerField()
    uses = models.PositiveSmallIntegerField(default=0)
    failed = models.PositiveSmallIntegerField(default=0)
    """Wrong PINs so far; right ones between them take none back."""
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.CharField(max_length=12, choices=Closing.choices, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="share_links_made")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_by", "-created_at", "-id"], name="share_links_of_maker"),
            models.Index(fields=["last_used_at"], condition=models.Q(closed_at=None), name="share_links_in_use"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(uses__lte=models.F("max_uses")), name="share_link_is_not_used_too_often"
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at=None, closed_reason="")
                | (models.Q(closed_at__isnull=False) & ~models.Q(closed_reason="")),
                name="closed_share_link_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """What people and the audit call it: "7F3C-91AE"."""
        digits = self.id.hex[:8].upper()
        return f"{digits[:4]}-{digits[4:]}"

    @property
    def permissions(self) -> list[str]:
        """What the holder may do."""
        return self.grant.permissions

    @property
    def valid_until(self) -> datetime:
        """When it ends by itself."""
        return self.grant.valid_until

    @property
    def uses_left(self) -> int:
        """How often it can still be opened."""
        return self.max_uses - self.uses

    @property
    def why_ended(self) -> Closing | None:
        """Why it ended before its time; None where it did not. Its grant may have been taken back without it."""
        if self.closed_at is not None:
            return Closing(self.closed_reason)
        if self.grant.revoked_at is None:
            return None
        return Closing.ACCESS_LOST if self.grant.revoked_by_id is None else Closing.REVOKED

    def opens_at(self, now: datetime) -> bool:
        """True where the right PIN opens it."""
        return self.state_at(now) == State.OPEN

    def runs_at(self, now: datetime) -> bool:
        """True where who opened it before may go on: the last use is a use, too."""
        return self.state_at(now) in {State.OPEN, State.USED_UP}

    def state_at(self, now: datetime) -> State:
        """What it is at `now`."""
        why = self.why_ended
        if why is not None:
            return State.REVOKED if why == Closing.REVOKED else State.CLOSED
        if self.grant.valid_until <= now:
            return State.EXPIRED
        return State.OPEN if self.uses < self.max_uses else State.USED_UP
