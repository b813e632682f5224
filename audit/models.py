"""One table that only grows: a trigger of the database refuses every change to what it holds."""

from typing import Final

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
    PASSWORD_CHANGED = "password_changed", _("Changed the password")
    SECOND_FACTOR_ADDED = "second_factor_added", _("Set up a second factor")
    SECOND_FACTOR_REMOVED = "second_factor_removed", _("Removed a second factor")
    SESSION_ENDED = "session_ended", _("Ended another session")
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere", _("Signed out everywhere")
    API_TOKEN_MADE = "api_token_made", _("Made an API token")
    API_TOKEN_REVOKED = "api_token_revoked", _("Revoked an API token")
    WORKLIST_QUERIED = "worklist_queried", _("Searched the worklist")
    STUDY_OPENED = "study_opened", _("Opened the study")
    VIEWER_TOKEN_ISSUED = "viewer_token_issued", _("Got a pass for the images")
    PIXELS_READ = "pixels_read", _("Opened images")
    INSTANCES_SENT = "instances_sent", _("Sent images to a machine")
    ELSEWHERE_SEARCHED = "elsewhere_searched", _("Searched other archives")
    STUDY_FETCHED = "study_fetched", _("Had a study fetched")
    INSTANCES_STORED = "instances_stored", _("Stored objects with the study")
    INSTANCES_DELETED = "instances_deleted", _("Deleted images")
    IMAGES_PRINTED = "images_printed", _("Printed images")
    IMAGES_SAVED = "images_saved", _("Saved images")
    MEASUREMENTS_SAVED = "measurements_saved", _("Saved measurements")
    MEASUREMENTS_STORED = "measurements_stored", _("Stored measurements with the study")
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
    IDENTITY_PROVIDER_SET = "identity_provider_set", _("Set up an identity provider")
    PROVIDER_ACCOUNT_MADE = "provider_account_made", _("Brought a person in")
    PROVIDER_CONNECTION_ALLOWED = "provider_connection_allowed", _("Allowed an identity provider for a person")
    ROLE_GIVEN = "role_given", _("Gave a role")
    ROLE_TAKEN = "role_taken", _("Took a role back")
    PHYSICIAN_ALIAS_SET = "physician_alias_set", _("Tied a name on studies to a doctor")
    INVITATION_SENT = "invitation_sent", _("Invited somebody")
    INVITATION_WITHDRAWN = "invitation_withdrawn", _("Withdrew an invitation")
    INVITATION_ACCEPTED = "invitation_accepted", _("Accepted an invitation")
    PERSON_SUSPENDED = "person_suspended", _("Suspended a person in an institution")
    PERSON_RESUMED = "person_resumed", _("Let a person back into an institution")
    ACCOUNT_SUSPENDED = "account_suspended", _("Suspended an account")
    ACCOUNT_RESUMED = "account_resumed", _("Let an account sign in again")
    INSTITUTION_CHANGED = "institution_changed", _("Changed settings of an institution")
    BREAK_GLASS_SOUGHT = "break_glass_sought", _("Looked for a study to open by break-glass")
    BREAK_GLASS_OPENED = "break_glass_opened", _("Opened by break-glass")
    BREAK_GLASS_REVIEWED = "break_glass_reviewed", _("Reviewed a break-glass opening")
    ACCESS_REQUESTED = "access_requested", _("Requested access")
    ACCESS_REQUEST_APPROVED = "access_request_approved", _("Approved a request for access")
    ACCESS_REQUEST_DECLINED = "access_request_declined", _("Declined a request for access")
    ACCESS_REQUEST_WITHDRAWN = "access_request_withdrawn", _("Withdrew a request for access")
    ACCESS_EXPLAINED = "access_explained", _("Asked why somebody may or may not see")
    IDENTITY_CONFLICT_OPENED = "identity_conflict_opened", _("Compared descriptions under a national ID")
    IDENTITY_RULED = "identity_ruled", _("Ruled on a description under a national ID")
    IDENTITY_RULING_UNDONE = "identity_ruling_undone", _("Undid a ruling on a national ID")
    LOOKS_READ = "looks_read", _("Read who had looked")
    CONSULTATION_ANSWERED = "consultation_answered", _("Answered a question")
    SHARE_LINK_MADE = "share_link_made", _("Made a share link")
    SHARE_LINK_OPENED = "share_link_opened", _("Opened a share link")
    SHARE_LINK_PIN_WRONG = "share_link_pin_wrong", _("Gave a wrong PIN for a share link")
    SHARE_LINK_CLOSED = "share_link_closed", _("Closed a share link")
    SHARE_LINK_REVOKED = "share_link_revoked", _("Took a share link back")
    ORDER_PLACED = "order_placed", _("Placed an order")
    ORDER_CHANGED = "order_changed", _("Changed an order")
    ORDER_CANCELLED = "order_cancelled", _("Cancelled an order")
    ORDERS_READ = "orders_read", _("Read orders")
    ERRAND_BEGUN = "errand_begun", _("Began work at a DICOM Server")


class Outcome(models.TextChoices):
    """How it ended."""

    ALLOWED = "allowed", _("Allowed")
    DENIED = "denied", _("Denied")
    BREAK_GLASS = "break_glass", _("Break-glass")


LENGTHS: Final = {
    "actor_id": 100,
    "actor_name": 200,
    "actor_role": 40,
    "actor_institution": 200,
    "study_instance_uid": 64,
    "server_id": 64,
    "institution": 200,
    "study_summary": 300,
    "rule": 64,
    "remote_address": 64,
    "request_id": 64,
}
"""How many characters of a text are kept; longer ones are cut, for an act must never go unrecorded."""


def action_choices() -> list[tuple[str, str]]:
    """The actions, called at run time so that a new one needs no migration."""
    return [(action.value, str(action.label)) for action in Action]


class AuditEvent(models.Model):
    """Who did what, when, with what, by which rule; as text of that moment, without foreign keys."""

    id = models.BigAutoField(primary_key=True)
    occurred_at = models.DateTimeField()
    """When it happened, by the clock of whoever saw it."""
    recorded_at = models.DateTimeField(db_default=Now())
    """When the row was written, by the clock of the database."""
    action = models.CharField(max_length=40, choices=action_choices)
    outcome = models.CharField(max_length=12, choices=Outcome)
    actor_id = models.CharField(max_length=LENGTHS["actor_id"], blank=True)
    actor_name = models.CharField(max_length=LENGTHS["actor_name"], blank=True)
    actor_role = models.CharField(max_length=LENGTHS["actor_role"], blank=True)
    actor_institution = models.CharField(max_length=LENGTHS["actor_institution"], blank=True)
    study_instance_uid = models.CharField(max_length=LENGTHS["study_instance_uid"], blank=True)
    server_id = models.CharField(max_length=LENGTHS["server_id"], blank=True)
    institution = models.CharField(max_length=LENGTHS["institution"], blank=True)
    """Short name of the institution that it is about: the study's owner, where there is a study."""
    patient_identifiers = ArrayField(models.CharField(max_length=256), default=list, blank=True)
    study_summary = models.CharField(max_length=LENGTHS["study_summary"], blank=True)
    rule = models.CharField(max_length=LENGTHS["rule"], blank=True)
    details = models.JSONField(default=dict, blank=True)
    remote_address = models.CharField(max_length=LENGTHS["remote_address"], blank=True)
    request_id = models.CharField(max_length=LENGTHS["request_id"], blank=True)

    class Meta:
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-occurred_at", "-id"], name="audit_newest"),
            models.Index(fields=["actor_id", "-occurred_at", "-id"], name="audit_actor"),
            models.Index(fields=["study_instance_uid", "-occurred_at", "-id"], name="audit_study"),
            models.Index(fields=["action", "-occurred_at", "-id"], name="audit_action"),
            models.Index(fields=["outcome", "-occurred_at", "-id"], name="audit_outcome"),
            models.Index(fields=["institution", "-occurred_at", "-id"], name="audit_institution"),
            models.Index(fields=["actor_institution", "-occurred_at", "-id"], name="audit_actor_institution"),
            models.Index(fields=["rule", "-occurred_at", "-id"], name="audit_rule"),
            GinIndex(fields=["patient_identifiers"], name="audit_patient"),
        ]

    def __str__(self) -> str:
        return f"event {self.pk}: {self.action}"
