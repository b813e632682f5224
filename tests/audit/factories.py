"""Events, actors and people for the tests of the log."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from audit.actors import Actor
from audit.models import Action, AuditEvent
from audit.records import record
from audit.subjects import AuditedStudy
from portal.accounts.models import User
from portal.institutions.models import Institution, Membership, Role
from wire.events import AccessEvent

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASCARU = Actor(
    actor_id="5f0d7c0b-2c6e-4f8e-9a11-3c1f5f0c9a11",
    name="Dr. Elena Pascaru",
    role="radiologist",
    institution="Nistru Clinical",
    remote_address="10.20.4.17",
    request_id="7f3c91ae-20b4-4d5e-8f00-1234567890ab",
)
MORARU = Actor(actor_id="moraru", name="Dr. Andrei Moraru", role="radiologist", institution="Codru Imaging")
CHEST = AuditedStudy(
    study_instance_uid="1.2.826.0.1.3680043.8.498.1",
    server_id="6f1d3a52-7c1e-4b7a-9d43-0a8f2f6f7b10",
    institution="Nistru Clinical",
    patient_identifiers=("NC-004417", "2002062031458"),
    summary="CT 20 Nov 2026, chest",
)


def make_event(
    *, minutes: float = 0, action: Action = Action.STUDY_OPENED, actor: Actor = PASCARU, **values
) -> AuditEvent:
    """An event some minutes after noon."""
    return record(action=action, actor=actor, occurred_at=NOON + timedelta(minutes=minutes), **values)


def make_access_event(**changes) -> AccessEvent:
    """What a DICOM Server reports of one viewing session."""
    values = {
        "message_id": UUID("c0a6f9de-90b4-4a3c-8a52-5b9f3b8f2d77"),
        "server_id": UUID(CHEST.server_id),
        "kind": "pixels_read",
        "sub": PASCARU.actor_id,
        "session_id": "session-1",
        "token_id": "token-1",
        "study_instance_uid": CHEST.study_instance_uid,
        "occurred_at": NOON,
        "ended_at": NOON + timedelta(minutes=8),
        "instances": 748,
        "frames": 748,
        "sent_bytes": 198_180_864,
        "remote_address": "10.20.4.18",
        "reason": "",
    }
    return AccessEvent(**(values | changes))


def make_person(username: str, role: Role | None, institution_code: str = "nistru") -> User:
    """A person with one role, or none."""
    user = User.objects.create_user(username, f"{username}@example.org", "a password", last_name=username.title())
    if role is not None:
        institution, _ = Institution.objects.get_or_create(
            code=institution_code, defaults={"name": institution_code, "short_name": institution_code.title()}
        )
        Membership.objects.create(user=user, institution=institution, role=role, since=NOON - timedelta(days=300))
    return user
