"""People who sign in, and the national identity that ties a patient to their own studies."""

import uuid
from typing import Any

from django.contrib.auth import get_backends
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Upper
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    """The colours a person chose; empty means the default of their role."""

    DEFAULT = "", _("as my role")
    DARK = "dark", _("dark")
    LIGHT = "light", _("light")


class Kind(models.TextChoices):
    """Who stands behind an account: a person, or whoever holds a share link."""

    PERSON = "person", _("person")
    LINK_HOLDER = "link_holder", _("holder of a share link")


class User(AbstractUser):
    """One person. What they may do comes from memberships and grants, never from flags on this row."""

    subject = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """Opaque name of the person on the wire and in viewer tokens."""
    academic_title = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.PERSON, editable=False)
    suspended_at = models.DateTimeField(null=True, blank=True)
    """Since when a system administrator keeps the person out; `is_active` is False as long."""
    signed_out_everywhere_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When the person last ended all their sessions; older ones and their viewers' tokens are void."""
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.DEFAULT, blank=True)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(Upper("username"), name="one_person_per_username_in_any_case"),
        ]

    def __str__(self) -> str:
        return self.full_name

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Ask the roles; unlike Django's own users, a superuser may nothing more."""
        return any(backend.has_perm(self, perm, obj) for backend in get_backends() if hasattr(backend, "has_perm"))

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Tie sessions to the password, as Django does, and to the last sign-out everywhere."""
        tied_to_password: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        if self.signed_out_everywhere_at is None:
            return tied_to_password
        moment = f"{tied_to_password}:{self.signed_out_everywhere_at.timestamp()}"
        return salted_hmac(
            "portal.accounts.signed_out_everywhere", moment, secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def full_name(self) -> str:
        """Name as staff are written: "Dr. Elena Pascaru"."""
        name = " ".join(part for part in (self.academic_title, self.first_name, self.last_name) if part)
        return name or self.username

    @property
    def initials(self) -> str:
        """Two letters for the round mark in the top bar."""
        letters = (self.first_name[:1] + self.last_name[:1]).upper()
        return letters or self.username[:2].upper()


class NationalIdentity(models.Model):
    """A national ID asserted for a person, never typed in by themselves."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="national_identity")
    issuer = models.CharField(max_length=64)
    national_id = models.CharField(max_length=64)
    asserted_by = models.CharField(max_length=200)
    """Who vouches for it: an administrator's name, or the identity provider."""
    asserted_at = models.DateTimeField()
    provider = models.CharField(max_length=200, blank=True)
    """Issuer URL of the identity provider that asserted it; empty where an administrator did."""
    provider_subject = models.CharField(max_length=255, blank=True)
    """How that provider names the person (`sub`)."""
    birth_date = models.DateField(null=True, blank=True)
    """As the provider asserts it; None where it says nothing."""
    sex = models.CharField(max_length=1, blank=True)
    """M or F as the provider asserts it; empty where it says nothing."""

    class Meta:
        verbose_name_plural = "national identities"
        constraints = [
            models.UniqueConstraint(fields=["issuer", "national_id"], name="one_person_per_national_id"),
            models.UniqueConstraint(
                fields=["provider", "provider_subject"],
                condition=~models.Q(provider_subject=""),
                name="one_person_per_provider_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issuer} of {self.user.username}"

    @property
    def is_confirmed(self) -> bool:
        """True where the national identity provider asserted it, and not an administrator alone."""
        return bool(self.provider_subject)


class ApiToken(models.Model):
    """What a person says of an API token of theirs, and what it may; knox keeps its digest and its end."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token = models.OneToOneField("knox.AuthToken", on_delete=models.CASCADE, related_name="details")
    name = models.CharField(max_length=80)
    is_read_only = models.BooleanField(default=False)
    made_with_second_factor = models.BooleanField(default=False)
    """Without one the token opens nothing to people whose role demands a second factor."""
    made_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
