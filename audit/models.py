"""One table that only grows: a trigger of the database refuses every change to what it holds."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Action(models.TextChoices):
    """What was done, in the words in which the log says it."""

    SIGNED_IN = "signed_in", _("Signed in")
    SIGN_IN_FAILED = "sign_in_failed", _("Tried to sign in")
    SIGNED_OUT = "signed_out", _("Signed out")
    WORKLIST_QUERIED = "worklist_queried", _("Searched the worklist")
    STUDY_OPENED = "study_opened", _("Opened the study")
    VIEWER_TOKEN_ISSUED = "viewer_token_issued", _("Opened the viewer")
    PIXELS_READ = "pixels_read", _("Opened images")
    TOKEN_REFUSED = "token_refused", _("Tried to open images")
    ACCESS_DENIED = "access_denied", _("Tried to open")
    GRANT_MADE = "grant_made", _("Gave access")
    GRANT_REVOKED = "grant_revoked", _("Took access back")
    ASSIGNMENT_MADE = "assignment_made", _("Assigned")
    ASSIGNMENT_ENDED = "assignment_ended", _("Ended an assignment")
    AUDIT_READ = "audit_read", _("Read the audit log")
    ENROLMENT_CODE_MADE = "enrolment_code_made", _("Made an enrolment code")
    SERVER_ENROLLED = "server_enrolled", _("Connected a DICOM Server")
    NATIONAL_ID_SET = "national_id_set", _("Set a national ID")
    ROLE_GIVEN = "role_given", _("Gave a role")
    ROLE_TAKEN = "role_taken", _("Took a role back")


class Outcome(models.TextChoices):
    """How it ended."""

    ALLOWED = "allowed", _("Allowed")
    DENIED = "denied", _("Denied")
    BREAK_GLASS = "break_glass", _("Break-glass")


def action_choices() -> list[tuple[str, str]]:
    """The actions, called at run time so that a new one needs no migration."""
    return list(Action.choices)


class AuditEvent(models.Model):
    """Who did what, when, with what, by which rule; as text of that moment, without foreign keys."""

    id = models.BigAutoField(primary_key=True)
    occurred_at = models.DateTimeField()
    """When it happened, by the clock of whoever saw it."""
    recorded_at = models.DateTimeField(db_default=Now())
    """When the row was written, by the clock of the database."""
    action = models.CharField(max_length=40, choices=action_choices)
    outcome = models.CharField(max_length=12, choices=Outcome)
    actor_id = models.CharField(max_length=100, blank=True)
    actor_name = models.CharField(max_length=200, blank=True)
    actor_role = models.CharField(max_length=40, blank=True)
    actor_institution = models.CharField(max_length=200, blank=True)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    server_id = models.CharField(max_length=64, blank=True)
    institution = models.CharField(max_length=200, blank=True)
    """Short name of the institution that it is about: the study's owner, where there is a study."""
    patient_identifiers = ArrayField(models.CharField(max_length=256), default=list, blank=True)
    study_summary = models.CharField(max_length=300, blank=True)
    rule = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict, blank=True)
    remote_address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ("view",)
        indexes = [
            models.Index("-occurred_at", "-id", name="audit_newest"),
            models.Index("actor_id", "-occurred_at", "-id", name="audit_actor"),
            models.Index("study_instance_uid", "-occurred_at", "-id", name="audit_study"),
            models.Index("action", "-occurred_at", "-id", name="audit_action"),
            models.Index("outcome", "-occurred_at", "-id", name="audit_outcome"),
            models.Index("institution", "-occurred_at", "-id", name="audit_institution"),
            models.Index("actor_institution", "-occurred_at", "-id", name="audit_actor_institution"),
            models.Index("rule", "-occurred_at", "-id", name="audit_rule"),
            GinIndex("patient_identifiers", name="audit_patient"),
        ]

    def __str__(self) -> str:
        return f"event {self.pk}: {self.action}"
