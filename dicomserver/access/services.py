"""Changing the access records: revocations from the portal, closed sessions, what is forgotten."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from dicomserver.access.models import EVERY_STUDY, ReadInstance, Revocation, SpentErrand, ViewingSession
from dicomserver.access.reads import Reader
from dicomserver.access.selectors import ended_sessions_locked, open_sessions_locked
from dicomserver.identity import IdentityError, load_identity
from dicomserver.outbox.services import enqueue_access_event
from wire import heartbeats
from wire.events import AccessEvent
from wire.messages import MAX_INTEGER
from wire.text import SHORT_LENGTH, clean

# A reader who never pauses is told to the audit each hour.
LONGEST_SESSION: Final = timedelta(hours=1)
CLOSING_BATCH: Final = 100
KEEP_SESSIONS: Final = timedelta(days=30)
KEEP_REVOCATIONS: Final = timedelta(days=1)

_REVOKE: Final = """
    INSERT INTO access_revocation AS known (sub, study_instance_uid, revoked_at)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[])
    ON CONFLICT (sub, study_instance_uid) DO UPDATE SET revoked_at = EXCLUDED.revoked_at
        WHERE known.revoked_at < EXCLUDED.revoked_at
"""


def apply_revocations(revocations: Iterable[heartbeats.Revocation]) -> None:
    """Refuse from now on the tokens that these revoke; an older revocation never replaces a newer one."""
    latest: dict[tuple[str, str], datetime] = {}
    for revocation in revocations:
        key = (revocation.sub, revocation.study_instance_uid or EVERY_STUDY)
        latest[key] = max(revocation.revoked_at, latest.get(key, revocation.revoked_at))
    if latest:
        # In one order, so that two of these never wait for each other.
        rows = sorted((sub, study, revoked_at) for (sub, study), revoked_at in latest.items())
        with connection.cursor() as cursor:
            cursor.execute(_REVOKE, [list(column) for column in zip(*rows, strict=True)])


def close_viewing_sessions() -> int:
    """Turn sessions that have ended into access events; returns how many. Raises identity.IdentityError."""
    server_id = load_identity(settings.DICOM_SERVER_HOME).server_id
    now = timezone.now()
    with transaction.atomic():
        sessions = ended_sessions_locked(
            idle_since=now - timedelta(seconds=settings.VIEWING_SESSION_IDLE_SECONDS),
            begun_before=now - LONGEST_SESSION,
            limit=CLOSING_BATCH,
        )
        for session in sessions:
            _close(session, server_id, now)
        return len(sessions)


def close_session(session_id: str) -> None:
    """Turn the rows of a session that is over into access events now; those of which nothing was sent go.

    A server that is not enrolled keeps them until it is.
    """
    try:
        server_id = load_identity(settings.DICOM_SERVER_HOME).server_id
    except IdentityError:
        return
    now = timezone.now()
    with transaction.atomic():
        for session in open_sessions_locked(session_id):
            if session.instances or ReadInstance.objects.filter(viewing_session=session).exists():
                _close(session, server_id, now)
            else:
                session.delete()


def record_storing(*, reader: Reader, way: str, instances: int, stored_bytes: int) -> None:
    """Tell the audit that a person stored instances with the study that they have open; not on a stranger's server."""
    try:
        server_id = load_identity(settings.DICOM_SERVER_HOME).server_id
    except IdentityError:
        return
    now = timezone.now()
    enqueue_access_event(
        AccessEvent(
            message_id=uuid4(),
            server_id=server_id,
            kind="instances_stored",
            sub=reader.sub,
            session_id=reader.session_id,
            token_id=reader.token_id,
            study_instance_uid=reader.study_instance_uid,
            occurred_at=now,
            ended_at=now,
            instances=instances,
            frames=0,
            sent_bytes=stored_bytes,
            remote_address=clean(reader.remote_address, SHORT_LENGTH),
            reason="",
            way=way,
        )
    )


def spend_errand(token_id: str) -> bool:
    """Note that the errand of this token is done now; False where it was before. Raises django.db.DatabaseError."""
    return SpentErrand.objects.get_or_create(token_id=token_id, defaults={"spent_at": timezone.now()})[1]


def prune() -> None:
    """Forget sessions reported long ago, and revocations and errands of tokens that have long expired."""
    now = timezone.now()
    SpentErrand.objects.filter(spent_at__lt=now - KEEP_REVOCATIONS).delete()
    ViewingSession.objects.filter(reported_at__lt=now - KEEP_SESSIONS).delete()
    Revocation.objects.filter(revoked_at__lt=now - KEEP_REVOCATIONS).delete()


def _close(session: ViewingSession, server_id: UUID, now: datetime) -> None:
    read_instances = ReadInstance.objects.filter(viewing_session=session)
    session.instances += read_instances.count()
    session.reported_at = now
    session.save(update_fields=["instances", "reported_at"])
    read_instances.delete()
    counts = {"instances": session.instances, "frames": min(session.frames, MAX_INTEGER)}
    values: dict[str, Any] = {
        "message_id": uuid4(),
        "server_id": server_id,
        "study_instance_uid": session.study_instance_uid,
        "occurred_at": session.first_read_at,
        "ended_at": session.last_read_at,
        "sent_bytes": session.sent_bytes,
        "remote_address": clean(session.remote_address, SHORT_LENGTH),
        "reason": "",
        **counts,
    }
    enqueue_access_event(AccessEvent(**values, **_reader_of(session)))


def _reader_of(session: ViewingSession) -> dict[str, Any]:
    if session.way:
        nobody = dict.fromkeys(("sub", "session_id", "token_id"))
        return {"kind": "instances_sent", "peer": session.sub, "way": session.way, **nobody}
    return {
        "kind": "pixels_read",
        "sub": session.sub,
        "session_id": session.session_id,
        "token_id": session.token_ids[0],
    }
