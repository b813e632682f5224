"""What the codes of the log mean, in the words in which people read it."""

import re
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.actors import NOBODY_ROLE, SERVER_ROLE, SYSTEM_ROLE
from audit.models import Action

Words = str | Promise

ROLES: Final[dict[str, Words]] = {
    "radiologist": _("Radiologist"),
    "referring_doctor": _("Referring doctor"),
    "patient": _("Patient"),
    "consultant": _("Consultant"),
    "institution_administrator": _("Institution administrator"),
    "system_administrator": _("System administrator"),
    "auditor": _("Auditor"),
    "link_holder": _("Holder of a share link"),
    SERVER_ROLE: _("DICOM Server"),
    SYSTEM_ROLE: _("The portal itself"),
    NOBODY_ROLE: _("Not signed in"),
}
RULES: Final[dict[str, Words]] = {
    "radiologist_of_institution": _("Radiologist of the institution"),
    "assigned_to_radiologist": _("Assigned to the radiologist"),
    "named_as_physician": _("Named as physician of the study"),
    "patient_assigned_to_doctor": _("Patient assigned to the doctor"),
    "own_study": _("Own studies"),
    "study_grant": _("Access given to the study"),
    "patient_grant": _("Access given to the patient's studies"),
    "break_glass": _("Break-glass"),
    "none": _("No rule allows it"),
}
REASONS: Final[dict[str, Words]] = {
    "another_person": _("as somebody else than the one invited"),
    "suspended": _("while suspended"),
    "token_missing": _("without a token"),
    "token_invalid": _("with a token that is not genuine"),
    "token_expired": _("with a token that had expired"),
    "token_for_another_server": _("with a token for another server"),
    "token_for_another_study": _("with a token for another study"),
    "token_revoked": _("after the access was taken back"),
    "token_without_permission": _("without the right to do this"),
    "enrolment_code_invalid": _("with a code that is not valid, was used or has expired"),
    "national_cancelled": _("went back at the national identity provider"),
    "national_state_unknown": _("with an answer that was used already, or was asked for elsewhere"),
    "national_state_expired": _("with an answer that took too long"),
    "national_provider_refused": _("without the national identity provider's word"),
    "national_provider_unreachable": _("while the national identity provider could not be reached"),
    "national_token_invalid": _("with a token that is not genuine"),
    "national_token_expired": _("with a token that had expired"),
    "national_token_for_another": _("with a token that was made for another"),
    "national_token_replayed": _("with a token of another sign-in"),
    "national_id_missing": _("without a national ID"),
    "national_id_invalid": _("with a national ID that is not valid"),
    "national_identity_changed": _("with another national ID than before"),
    "national_not_confirmed": _("without the word of the account's owner"),
    "national_account_suspended": _("while suspended"),
    "consultation_answered": _("as the question was answered"),
    "consultation_withdrawn": _("as the question was withdrawn"),
    "wrong_pin": _("after five wrong PINs"),
    "access_lost": _("as whoever made it may not share the study any more"),
}
TRIED: Final[dict[str, Words]] = {
    "study": _("the study"),
    "viewer": _("the viewer"),
    "viewer_token": _("the images"),
    "worklist": _("the worklist"),
    "audit": _("this log"),
    "people": _("the people of an institution"),
    "invitation": _("an invitation"),
    "invitations": _("the invitations"),
    "institution_settings": _("the settings of an institution"),
    "console": _("the console"),
    "grants": _("the list of access given"),
    "grant": _("an access given"),
    "break_glass": _("to open by break-glass"),
    "access": _("the access of an institution"),
    "access_request": _("a request for access"),
    "identity_conflicts": _("the conflicts of national IDs"),
    "access_explained": _("why somebody may see a study"),
    "images": _("a patient's own images"),
    "looks": _("who looked at a patient's images"),
    "share_link": _("a share link"),
    "question": _("a question to a consultant"),
    "questions": _("the list of questions to consultants"),
    "findings": _("the findings of a study"),
    "share_links": _("the list of share links"),
    "beyond_share_link": _("more than a share link opens"),
}
# What was tried that is no opening.
TRIED_ACTS: Final[dict[str, Words]] = {
    "give_access": _("Tried to give access"),
    "revoke_access": _("Tried to take access back"),
    "ask_consultant": _("Tried to ask a consultant"),
    "answer_question": _("Tried to answer a question"),
    "withdraw_question": _("Tried to withdraw a question"),
    "make_share_link": _("Tried to make a share link"),
    "revoke_share_link": _("Tried to take a share link back"),
    "enrolment": _("Tried to connect a DICOM Server"),
}
PERMISSIONS: Final[dict[str, Words]] = {
    "view": _("view"),
    "download": _("download"),
    "report": _("report"),
    "share": _("share"),
}
ICONS: Final[dict[str, str]] = {
    Action.SIGNED_IN: "box-arrow-in-right",
    Action.SIGN_IN_FAILED: "slash-circle",
    Action.SIGNED_OUT: "box-arrow-right",
    Action.PASSWORD_CHANGED: "lock",
    Action.SECOND_FACTOR_ADDED: "shield-check",
    Action.SECOND_FACTOR_REMOVED: "x-lg",
    Action.SESSION_ENDED: "box-arrow-right",
    Action.SIGNED_OUT_EVERYWHERE: "box-arrow-right",
    Action.API_TOKEN_MADE: "key",
    Action.API_TOKEN_REVOKED: "x-lg",
    Action.WORKLIST_QUERIED: "search",
    Action.STUDY_OPENED: "file-earmark-medical",
    Action.VIEWER_TOKEN_ISSUED: "eye",
    Action.PIXELS_READ: "images",
    Action.TOKEN_REFUSED: "slash-circle",
    Action.ACCESS_DENIED: "slash-circle",
    Action.GRANT_MADE: "share",
    Action.GRANT_REVOKED: "x-lg",
    Action.ASSIGNMENT_MADE: "person",
    Action.ASSIGNMENT_ENDED: "x-lg",
    Action.AUDIT_READ: "eye",
    Action.ENROLMENT_CODE_MADE: "key",
    Action.SERVER_ENROLLED: "key",
    Action.NATIONAL_ID_SET: "person-badge",
    Action.IDENTITY_PROVIDER_SET: "person-badge",
    Action.PROVIDER_ACCOUNT_MADE: "person-badge",
    Action.PROVIDER_CONNECTION_ALLOWED: "person-badge",
    Action.ROLE_GIVEN: "person-badge",
    Action.ROLE_TAKEN: "x-lg",
    Action.PHYSICIAN_ALIAS_SET: "person-badge",
    Action.INVITATION_SENT: "person-badge",
    Action.INVITATION_WITHDRAWN: "x-lg",
    Action.INVITATION_ACCEPTED: "check-lg",
    Action.PERSON_SUSPENDED: "slash-circle",
    Action.PERSON_RESUMED: "check-lg",
    Action.ACCOUNT_SUSPENDED: "slash-circle",
    Action.ACCOUNT_RESUMED: "check-lg",
    Action.INSTITUTION_CHANGED: "gear",
    Action.BREAK_GLASS_SOUGHT: "search",
    Action.BREAK_GLASS_OPENED: "unlock",
    Action.BREAK_GLASS_REVIEWED: "check-lg",
    Action.ACCESS_REQUESTED: "question-circle",
    Action.ACCESS_REQUEST_APPROVED: "check-circle",
    Action.ACCESS_REQUEST_DECLINED: "slash-circle",
    Action.ACCESS_REQUEST_WITHDRAWN: "x-lg",
    Action.ACCESS_EXPLAINED: "question-circle",
    Action.IDENTITY_CONFLICT_OPENED: "eye",
    Action.IDENTITY_RULED: "person-badge",
    Action.IDENTITY_RULING_UNDONE: "x-lg",
    Action.LOOKS_READ: "eye",
    Action.CONSULTATION_ANSWERED: "check-circle",
    Action.SHARE_LINK_MADE: "share",
    Action.SHARE_LINK_OPENED: "unlock",
    Action.SHARE_LINK_PIN_WRONG: "slash-circle",
    Action.SHARE_LINK_CLOSED: "lock",
    Action.SHARE_LINK_REVOKED: "x-lg",
}
DETAILS: Final[dict[str, Words]] = {
    "reason": _("Reason"),
    "given_by": _("Given by"),
    "method": _("By"),
    "username": _("As"),
    "filters": _("Looked for"),
    "results": _("Shown"),
    "permissions": _("May"),
    "valid_from": _("From"),
    "valid_until": _("Until"),
    "expires_at": _("Good until"),
    "ended_at": _("Ended"),
    "instances": _("Images"),
    "frames": _("Frames"),
    "sent_bytes": _("Bytes sent"),
    "person_name": _("Person"),
    "role": _("Role"),
    "part": _("As"),
    "issuer": _("Issuer"),
    "national_id": _("National ID"),
    "server_name": _("DICOM Server"),
    "tried": _("Tried"),
    "session_id": _("Viewing session"),
    "token_id": _("Token"),
    "grant_id": _("Grant"),
    "consultation_id": _("Question"),
    "person_id": _("Number of the person"),
    "message_id": _("Message"),
    "sub": _("Person in the token"),
    "reach": _("Reaches"),
    "renewed": _("Renewed"),
    "written_as": _("Written on studies as"),
    "invitation_id": _("Invitation"),
    "email": _("E-mail address"),
    "invited_by": _("Invited by"),
    "new_account": _("With a new account"),
    "purpose": _("For"),
    "again": _("Sent again"),
    "changes": _("Set to"),
    "is_the_bearer": _("Is the bearer"),
    "asked_id": _("Request for access"),
    "link_id": _("Share link"),
    "label": _("Called"),
    "uses": _("Uses"),
    "max_uses": _("Uses at most"),
    "tries": _("Wrong PINs"),
}
FILTERS: Final[dict[str, Words]] = {
    "since": _("from"),
    "until": _("to"),
    "allows_code_by_email": _("code by e-mail"),
    "shows_staff_names": _("names of staff for patients"),
    "time_zone": _("time zone"),
    "person": _("person"),
    "patient": _("patient"),
    "action": _("action"),
    "institution": _("institution"),
    "rule": _("rule"),
    "denied": _("denied only"),
    "search": _("words"),
    "patient_name": _("patient name"),
    "patient_id": _("patient ID"),
    "accession_number": _("accession number"),
    "study_instance_uid": _("study"),
    "modality": _("modality"),
    "study_date": _("study date"),
    "study_date_after": _("study date from"),
    "study_date_before": _("study date to"),
    "arrived": _("arrived"),
    "received_after": _("arrived after"),
    "received_before": _("arrived before"),
    "server": _("DICOM Server"),
    "state": _("state"),
    "ordering": _("order"),
}
_COUNTED_REASON: Final = re.compile(r"([a-z_]+) \(([0-9]+) times\)")


def role_words(code: str) -> Words:
    """A role as people call it; an unknown code as it is."""
    return ROLES.get(code, code)


def reason_words(text: str) -> str:
    """A reason as people say it: a code, a code with how often it came, or what somebody wrote."""
    match = _COUNTED_REASON.fullmatch(text)
    if match and match[1] in REASONS:
        return gettext("%(reason)s (%(times)s times)") % {"reason": REASONS[match[1]], "times": match[2]}
    return str(REASONS.get(text, text))


def rule_words(code: str) -> Words:
    """A rule as people call it; an unknown code as it is."""
    return RULES.get(code, code)
