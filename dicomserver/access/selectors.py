"""Reading the access records: revocations in force, and viewing sessions that have ended."""

from datetime import datetime

from django.db.models import Q, QuerySet

from dicomserver.access.models import Revocation, ViewingSession


def revocations_since(moment: datetime) -> dict[tuple[str, str], datetime]:
    """When the access of (sub, StudyInstanceUID) was last revoked, for those revoked after `moment`."""
    rows = Revocation.objects.filter(revoked_at__gt=moment).values_list("sub", "study_instance_uid", "revoked_at")
    return {(sub, study): revoked_at for sub, study, revoked_at in rows}


def ended_sessions_locked(*, idle_since: datetime, begun_before: datetime, limit: int) -> QuerySet[ViewingSession]:
    """Open sessions without a read since `idle_since` or begun before `begun_before`, locked, oldest key first."""
    return (
        ViewingSession.objects.select_for_update(skip_locked=True)
        .filter(Q(last_read_at__lte=idle_since) | Q(first_read_at__lte=begun_before), reported_at__isnull=True)
        .order_by("pk")[:limit]
    )


def open_sessions_locked(session_id: str) -> QuerySet[ViewingSession]:
    """The open sessions of that ID, one a study, locked."""
    return (
        ViewingSession.objects.select_for_update()
        .filter(session_id=session_id, reported_at__isnull=True)
        .order_by("pk")
    )


def open_session_count() -> int:
    """How many viewing sessions are going on."""
    return ViewingSession.objects.filter(reported_at__isnull=True).count()
