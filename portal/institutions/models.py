"""Institutions, and which person holds which role in which of them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person is in an institution (DESIGN: who may see what)."""

    RADIOLOGIST = "radiologist", _("Radiologist")
    REFERRING_DOCTOR = "referring_doctor", _("Referring doctor")
    PATIENT = "patient", _("Patient")
    CONSULTANT = "consultant", _("Consultant")
    INSTITUTION_ADMINISTRATOR = "institution_administrator", _("Institution administrator")
    SYSTEM_ADMINISTRATOR = "system_administrator", _("System administrator")
    AUDITOR = "auditor", _("Auditor")


NETWORK_WIDE_ROLES = frozenset({Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR, Role.PATIENT})
"""Roles whose reach does not stop at the institution that vouches for the person."""


class Institution(models.Model):
    """A hospital or imaging centre that owns studies and vouches for people."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=60)
    time_zone = models.CharField(max_length=64, default="Europe/Chisinau")
    allows_code_by_email = models.BooleanField(default=False)
    """Consultants whom it invites may sign in with a one-time code by e-mail instead of a passkey or an app."""
    shows_staff_names = models.BooleanField(default=False)
    """Patients read the names of those who looked at their images, not only institutions and roles."""

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.short_name


class Membership(models.Model):
    """One role of one person, vouched for by one institution."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=32, choices=Role.choices)
    given_by_name = models.CharField(max_length=200, blank=True)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    """Since when an administrator keeps the person out of this role; None while it runs."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "institution", "role"],
                condition=models.Q(ended_at__isnull=True),
                name="one_running_membership_per_role",
            )
        ]
        indexes = [models.Index(fields=["institution", "role"])]

    def __str__(self) -> str:
        return f"{self.user.username}: {self.role} of {self.institution_id}"

    @property
    def reaches_whole_network(self) -> bool:
        """True where the role is not bounded by the institution."""
        return self.role in NETWORK_WIDE_ROLES


class PhysicianAlias(models.Model):
    """How an institution's equipment writes a doctor's name, so that studies that name them can be found."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="physician_aliases")
    name_key = models.CharField(max_length=400)
    """The name folded by `portal.studies.folding.name_key`."""
    written_as = models.CharField(max_length=400)

    class Meta:
        verbose_name_plural = "physician aliases"
        constraints = [models.UniqueConstraint(fields=["membership", "name_key"], name="one_alias_per_membership")]

    def __str__(self) -> str:
        return self.written_as
