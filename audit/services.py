"""The only way into the log: one function a kind of act, one row each, in the caller's transaction.

Every function takes the actor and writes one AuditEvent. A denial must outlive the denied act, so it is
recorded outside a transaction that is rolled back. What a person or a file wrote is cleaned, never refused.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from audit.access_services import (
    record_access_explained,
    record_access_request_decided,
    record_access_request_withdrawn,
    record_access_requested,
    record_break_glass_opened,
    record_break_glass_reviewed,
    record_break_glass_sought,
    record_identity_conflict_opened,
    record_identity_ruled,
    record_identity_ruling_undone,
    record_looks_read,
)
from audit.actors import Actor
from audit.consultation_services import record_consultation_answered
from audit.errand_services import record_errand
from audit.models import Action, AuditEvent, Outcome
from audit.order_services import record_order_act
from audit.people_services import (
    record_account_resumed,
    record_account_suspended,
    record_institution_changed,
    record_invitation_accepted,
    record_invitation_sent,
    record_invitation_withdrawn,
    record_person_resumed,
    record_person_suspended,
)
from audit.records import outcome_of, record
from audit.report_services import (
    record_elsewhere_searched,
    record_instances_deleted,
    record_instances_sent,
    record_instances_stored,
    record_pixels_read,
    record_study_fetched,
    record_token_refused,
)
from audit.sharing_services import (
    record_share_link_closed,
    record_share_link_made,
    record_share_link_opened,
    record_share_link_pin_wrong,
    record_share_link_revoked,
)
from audit.sign_on_events import (
    record_identity_provider_set,
    record_provider_account_made,
    record_provider_connection_allowed,
)
from audit.subjects import AuditedStudy
from audit.viewing_services import (
    record_images_printed,
    record_images_saved,
    record_measurements_saved,
    record_measurements_stored,
)

# All of them, whichever module holds them: the rest of the product imports them from here.
__all__ = [
    "record_access_denied",
    "record_access_explained",
    "record_access_request_decided",
    "record_access_request_withdrawn",
    "record_access_requested",
    "record_account_resumed",
    "record_account_suspended",
    "record_assignment_ended",
    "record_assignment_made",
    "record_audit_denied",
    "record_audit_read",
    "record_break_glass_opened",
    "record_break_glass_reviewed",
    "record_break_glass_sought",
    "record_consultation_answered",
    "record_elsewhere_searched",
    "record_enrolment_code_made",
    "record_errand",
    "record_failed_sign_in",
    "record_grant_made",
    "record_grant_revoked",
    "record_identity_conflict_opened",
    "record_identity_provider_set",
    "record_identity_ruled",
    "record_identity_ruling_undone",
    "record_images_printed",
    "record_images_saved",
    "record_instances_deleted",
    "record_instances_sent",
    "record_instances_stored",
    "record_institution_changed",
    "record_invitation_accepted",
    "record_invitation_sent",
    "record_invitation_withdrawn",
    "record_looks_read",
    "record_measurements_saved",
    "record_measurements_stored",
    "record_national_id_set",
    "record_order_act",
    "record_person_resumed",
    "record_person_suspended",
    "record_physician_alias_set",
    "record_pixels_read",
    "record_provider_account_made",
    "record_provider_connection_allowed",
    "record_role_given",
    "record_role_taken",
    "record_server_enrolled",
    "record_share_link_closed",
    "record_share_link_made",
    "record_share_link_opened",
    "record_share_link_pin_wrong",
    "record_share_link_revoked",
    "record_sign_in",
    "record_sign_out",
    "record_study_fetched",
    "record_study_opened",
    "record_token_refused",
    "record_viewer_token_issued",
    "record_worklist_query",
]


def record_sign_in(*, actor: Actor, method: str = "password") -> AuditEvent:
    """Somebody signed in, by `method`."""
    return record(action=Action.SIGNED_IN, actor=actor, details={"method": method})


def record_failed_sign_in(*, actor: Actor, username: str, reason: str = "") -> AuditEvent:
    """Somebody tried to sign in as `username`."""
    return record(
        action=Action.SIGN_IN_FAILED,
        actor=actor,
        outcome=Outcome.DENIED,
        details={"username": username, "reason": reason},
    )


def record_sign_out(*, actor: Actor) -> AuditEvent:
    """Somebody signed out."""
    return record(action=Action.SIGNED_OUT, actor=actor)


def record_worklist_query(
    *, actor: Actor, filters: Mapping[str, object], results: int, patient_identifiers: Iterable[str] = ()
) -> AuditEvent:
    """Somebody looked through the worklist and was shown `results` studies."""
    return record(
        action=Action.WORKLIST_QUERIED,
        actor=actor,
        patient_identifiers=patient_identifiers,
        details={"filters": dict(filters), "results": results},
    )


def record_study_opened(
    *, actor: Actor, study: AuditedStudy, rule: str, break_glass: bool = False, reason: str = "", given_by: str = ""
) -> AuditEvent:
    """Somebody opened the page of a study, as `rule` allowed."""
    return record(
        action=Action.STUDY_OPENED,
        actor=actor,
        outcome=outcome_of(rule, break_glass=break_glass),
        study=study,
        rule=rule,
        details={"reason": reason, "given_by": given_by},
    )


def record_viewer_token_issued(
    *,
    actor: Actor,
    study: AuditedStudy,
    rule: str,
    session_id: str,
    token_id: str,
    permissions: Iterable[str],
    expires_at: datetime,
    renewed: bool = False,
    break_glass: bool = False,
) -> AuditEvent:
    """Somebody got a viewer token; `renewed` when the same viewing session had one before."""
    return record(
        action=Action.VIEWER_TOKEN_ISSUED,
        actor=actor,
        outcome=outcome_of(rule, break_glass=break_glass),
        study=study,
        rule=rule,
        details={
            "session_id": session_id,
            "token_id": token_id,
            "permissions": list(permissions),
            "expires_at": expires_at,
            "renewed": renewed,
        },
    )


def record_access_denied(
    *, actor: Actor, study: AuditedStudy | None = None, rule: str = "none", tried: str = "", reason: str = ""
) -> AuditEvent:
    """Somebody tried what the policy denies; `tried` says what, such as "study" or "viewer_token"."""
    return record(
        action=Action.ACCESS_DENIED,
        actor=actor,
        outcome=Outcome.DENIED,
        study=study,
        rule=rule,
        details={"tried": tried, "reason": reason},
    )


def record_grant_made(
    *,
    actor: Actor,
    study: AuditedStudy,
    grant_id: str,
    person_id: str,
    person_name: str,
    permissions: Iterable[str],
    valid_from: datetime,
    valid_until: datetime,
    reach: str = "study",
    reason: str = "",
    rule: str = "",
) -> AuditEvent:
    """`actor` gave a person access; for `reach` "patient" the study names only patient and institution."""
    return record(
        action=Action.GRANT_MADE,
        actor=actor,
        study=study,
        rule=rule,
        details={
            "grant_id": grant_id,
            "person_id": person_id,
            "person_name": person_name,
            "permissions": list(permissions),
            "valid_from": valid_from,
            "valid_until": valid_until,
            "reach": reach,
            "reason": reason,
        },
    )


def record_grant_revoked(
    *, actor: Actor, study: AuditedStudy, grant_id: str, person_id: str, person_name: str, reason: str = ""
) -> AuditEvent:
    """`actor` took a person's access back before its end."""
    return record(
        action=Action.GRANT_REVOKED,
        actor=actor,
        study=study,
        details={"grant_id": grant_id, "person_id": person_id, "person_name": person_name, "reason": reason},
    )


def record_assignment_made(
    *, actor: Actor, study: AuditedStudy, person_id: str, person_name: str, part: str, reach: str = "study"
) -> AuditEvent:
    """`actor` assigned a study or a patient to a person in the role `part`."""
    return record(
        action=Action.ASSIGNMENT_MADE,
        actor=actor,
        study=study,
        details={"person_id": person_id, "person_name": person_name, "part": part, "reach": reach},
    )


def record_assignment_ended(
    *, actor: Actor, study: AuditedStudy, person_id: str, person_name: str, part: str, reach: str = "study"
) -> AuditEvent:
    """`actor` took an assignment back."""
    return record(
        action=Action.ASSIGNMENT_ENDED,
        actor=actor,
        study=study,
        details={"person_id": person_id, "person_name": person_name, "part": part, "reach": reach},
    )


def record_audit_read(
    *, actor: Actor, filters: Mapping[str, object], results: int, patient_identifiers: Iterable[str] = ()
) -> AuditEvent:
    """Somebody read this log and was shown `results` events."""
    return record(
        action=Action.AUDIT_READ,
        actor=actor,
        patient_identifiers=patient_identifiers,
        details={"filters": dict(filters), "results": results},
    )


def record_audit_denied(*, actor: Actor) -> AuditEvent:
    """Somebody who may not read this log tried to."""
    return record(action=Action.ACCESS_DENIED, actor=actor, outcome=Outcome.DENIED, details={"tried": "audit"})


def record_enrolment_code_made(*, actor: Actor, institution: str, server_name: str, expires_at: datetime) -> AuditEvent:
    """`actor` made a code with which one server of an institution may enrol."""
    return record(
        action=Action.ENROLMENT_CODE_MADE,
        actor=actor,
        institution=institution,
        details={"server_name": server_name, "expires_at": expires_at},
    )


def record_server_enrolled(
    *, actor: Actor, server_id: str, server_name: str, institution: str, details: Mapping[str, object] | None = None
) -> AuditEvent:
    """A DICOM Server enrolled; `details` say with which address and key."""
    return record(
        action=Action.SERVER_ENROLLED,
        actor=actor,
        institution=institution,
        server_id=server_id,
        details={**(details or {}), "server_name": server_name},
    )


def record_national_id_set(
    *, actor: Actor, person_id: str, person_name: str, issuer: str, national_id: str
) -> AuditEvent:
    """`actor` vouches for the national ID of a person, who sees their own studies from now on."""
    return record(
        action=Action.NATIONAL_ID_SET,
        actor=actor,
        patient_identifiers=[national_id],
        details={"person_id": person_id, "person_name": person_name, "issuer": issuer, "national_id": national_id},
    )


def record_role_given(*, actor: Actor, person_id: str, person_name: str, role: str, institution: str) -> AuditEvent:
    """`actor` gave a person a role in an institution."""
    return record(
        action=Action.ROLE_GIVEN,
        actor=actor,
        institution=institution,
        details={"person_id": person_id, "person_name": person_name, "role": role},
    )


def record_role_taken(*, actor: Actor, person_id: str, person_name: str, role: str, institution: str) -> AuditEvent:
    """`actor` took a role of a person back."""
    return record(
        action=Action.ROLE_TAKEN,
        actor=actor,
        institution=institution,
        details={"person_id": person_id, "person_name": person_name, "role": role},
    )


def record_physician_alias_set(
    *, actor: Actor, person_id: str, person_name: str, written_as: str, institution: str
) -> AuditEvent:
    """`actor` said how the equipment of an institution writes a doctor: studies of that name open to them."""
    return record(
        action=Action.PHYSICIAN_ALIAS_SET,
        actor=actor,
        institution=institution,
        details={"person_id": person_id, "person_name": person_name, "written_as": written_as},
    )
