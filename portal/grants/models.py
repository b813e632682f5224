"""Access that someone gave: grants that end, assignments, and the revocations that DICOM Servers are told."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.institutions.models import Institution, Role
from portal.servers.models import DicomServer
from portal.studies.models import Patient, Study


class Permission(models.TextChoices):
    """What a person may do with a study."""

    VIEW = "view", _("view")
    DOWNLOAD = "download", _("download")
    REPORT = "report", _("report")
    SHARE = "share", _("share")


class GrantKind(models.TextChoices):
    """By which act the access came about."""

    GIVEN = "given", _("given")
    REQUESTED = "requested", _("requested and approved")
    CONSULTATION = "consultation", _("asked for an opinion")
    SHARE_LINK = "share_link", _("share link")
    BREAK_GLASS = "break_glass", _("break-glass")


class Grant(models.Model):
    """Access to one study, or to a patient's history at one institution, from a time until a time.

    It is for one person, for all who hold a role in an institution, or for whoever proves an e-mail address.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=GrantKind.choices, default=GrantKind.GIVEN)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="grants"
    )
    role = models.CharField(max_length=32, choices=Role.choices, blank=True)
    role_institution = models.ForeignKey(
        Institution, null=True, blank=True, on_delete=models.PROTECT, related_name="grants_to_roles"
    )
    email = models.EmailField(blank=True)
    """Opens to the person whose verified address this is, now or once they come."""
    addressed_as = models.EmailField(blank=True)
    """The address by which the giver named a person; all but that person read it in place of the name."""
    study = models.ForeignKey(Study, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    permissions = ArrayField(models.CharField(max_length=12, choices=Permission.choices))
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    reason = models.CharField(max_length=1000, blank=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="grants_given")
    granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True, blank=True)
    """When the study was last opened, or images asked for, by this grant."""
    end_told_at = models.DateTimeField(null=True, blank=True)
    """When the receiver was written to that it ends soon."""
    without_identity = models.BooleanField(default=False)
    """Opens nothing but de-identified images; the study itself stays closed."""
    deidentification_key = models.CharField(max_length=64, blank=True)
    """32 random bytes in hexadecimal from which UIDs and dates are mapped; secret of portal and DICOM Server."""
    deidentification_options = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    """Options of PS3.15 Annex E, as `wire.deidentification.Option` names them."""
    pseudonym = models.CharField(max_length=32, blank=True)
    """What stands for the patient's name and ID."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, role="", role_institution__isnull=True, email="")
                | (Q(user__isnull=True, role_institution__isnull=False, email="") & ~Q(role=""))
                | (Q(user__isnull=True, role="", role_institution__isnull=True) & ~Q(email="")),
                name="grant_is_for_a_person_a_role_or_an_address",
            ),
            models.CheckConstraint(
                condition=Q(addressed_as="") | Q(user__isnull=False), name="grant_addressed_is_for_a_person"
            ),
            models.CheckConstraint(
                condition=Q(without_identity=False) | ~Q(deidentification_key=""),
                name="grant_without_identity_has_a_key",
            ),
            models.CheckConstraint(
                condition=Q(study__isnull=True, patient__isnull=False) | Q(study__isnull=False, patient__isnull=True),
                name="grant_names_a_study_or_a_patient",
            ),
            models.CheckConstraint(condition=Q(valid_until__gt=F("valid_from")), name="grant_ends_after_it_begins"),
        ]
        indexes = [
            models.Index(fields=["user", "valid_until"]),
            models.Index(
                fields=["role_institution", "role", "valid_until"], condition=~Q(role=""), name="grant_to_role"
            ),
            models.Index(fields=["email", "valid_until"], condition=~Q(email=""), name="grant_to_address"),
            models.Index(fields=["valid_until"], name="grant_ends"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def recipient_words(self) -> str:
        """For whom it is: a name, "Radiologist, A", or the e-mail address that was given."""
        if self.addressed_as:
            return self.addressed_as
        if self.user is not None:
            return self.user.full_name
        if self.role_institution is not None:
            return f"{Role(self.role).label}, {self.role_institution.short_name}"
        return self.email


class AssignmentPart(models.TextChoices):
    """In which role a person is assigned."""

    RADIOLOGIST = "radiologist"
    REFERRING_DOCTOR = "referring_doctor"


class Assignment(models.Model):
    """A study assigned to a radiologist, or a patient assigned to a doctor, until taken back."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assignments")
    part = models.CharField(max_length=20, choices=AssignmentPart.choices)
    study = models.ForeignKey(Study, null=True, blank=True, on_delete=models.CASCADE, related_name="assignments")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="assignments")
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(study__isnull=True, patient__isnull=False) | Q(study__isnull=False, patient__isnull=True),
                name="assignment_names_a_study_or_a_patient",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "ended_at"]),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="assignment_ended"),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk}"


class IdentityRuling(models.Model):
    """An administrator's word on whether a description under a national ID is of its bearer; it can be undone."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identity_rulings")
    issuer = models.CharField(max_length=64)
    national_id = models.CharField(max_length=64)
    is_the_bearer = models.BooleanField()
    reason = models.CharField(max_length=1000)
    ruled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ruled_at = models.DateTimeField()
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "issuer", "national_id"],
                condition=Q(undone_at__isnull=True),
                name="one_standing_ruling_per_description",
            )
        ]

    def __str__(self) -> str:
        return f"ruling {self.pk}"


class Revocation(models.Model):
    """Tells one DICOM Server to refuse the tokens that a person got before a moment."""

    server = models.ForeignKey(DicomServer, on_delete=models.CASCADE, related_name="revocations")
    subject = models.UUIDField()
    study_instance_uid = models.CharField(max_length=64, blank=True)
    """Empty: every study of the server."""
    revoked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["server", "revoked_at"])]

    def __str__(self) -> str:
        return f"revocation {self.pk}"
