"""Reading the queues: what is due, and the figures that monitoring shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from dicomserver.access.models import Peer
from dicomserver.forwarding.models import CommitmentState, Destination, Forward


@dataclass(frozen=True, slots=True)
class ForwardCounts:
    """What waits for one destination; parked instances wait too, and are counted apart as well.

    `oldest_moving_since` leaves the parked ones out, `not_kept` are those that it said it does not keep, when it was
    last asked to commit itself.
    """

    destination: Peer
    waiting: int
    parked: int
    oldest_waiting_since: datetime | None
    oldest_moving_since: datetime | None
    uncommitted: int
    oldest_uncommitted_since: datetime | None
    not_kept: int
    down_since: datetime | None
    last_error: str


def due_destinations(now: datetime) -> list[int]:
    """The keys of the destinations to which something can be sent now."""
    paused = Destination.objects.filter(next_attempt_at__gt=now).values("peer_id")
    due = Forward.objects.filter(destination=OuterRef("pk"), sent_at__isnull=True, next_attempt_at__lte=now)
    # For each peer the first row that is due: millions may wait for one that is down.
    return list(_listening().exclude(pk__in=paused).filter(Exists(due)).values_list("pk", flat=True))


def is_paused(destination_pk: int, now: datetime) -> bool:
    """Whether the destination was tried in vain a moment ago."""
    return Destination.objects.filter(peer_id=destination_pk, next_attempt_at__gt=now).exists()


def due_forwards(destination_pk: int, now: datetime, limit: int) -> list[Forward]:
    """What is to be sent to the destination next, the oldest first, with the instances and their studies."""
    rows = Forward.objects.filter(destination_id=destination_pk, sent_at__isnull=True, next_attempt_at__lte=now)
    return list(rows.select_related("instance__series__study").order_by("created_at", "pk")[:limit])


def uncommitted_destinations() -> list[int]:
    """The keys of the destinations that have instances for which their commitment is to be asked."""
    rows = Forward.objects.filter(destination=OuterRef("pk"), commitment=CommitmentState.WANTED, sent_at__isnull=False)
    return list(_listening().filter(Exists(rows)).values_list("pk", flat=True))


def uncommitted_locked(destination_pk: int, limit: int) -> list[Forward]:
    """Instances that the destination has and is to be asked about, locked; those that others ask about left out."""
    rows = Forward.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        destination_id=destination_pk, commitment=CommitmentState.WANTED, sent_at__isnull=False
    )
    return list(rows.select_related("instance").order_by("sent_at", "pk")[:limit])


def forward_counts() -> list[ForwardCounts]:
    """The figures of each destination that something ever went to, or waits for, by name."""
    # Two questions, each answered from an index of what is not done yet.
    waiting: dict[int, Mapping[str, Any]] = {
        row["destination_id"]: row
        for row in Forward.objects.filter(sent_at__isnull=True)
        .values("destination_id")
        .annotate(
            waiting=Count("pk"),
            parked=Count("parked_at"),
            oldest=Min("created_at"),
            oldest_moving=Min("created_at", filter=Q(parked_at=None)),
            not_kept=Count("pk", filter=_NOT_KEPT),
        )
    }
    asked = Forward.objects.filter(commitment__in=_OPEN, sent_at__isnull=False).values("destination_id")
    uncommitted: dict[int, Mapping[str, Any]] = {
        row["destination_id"]: row
        for row in asked.annotate(
            uncommitted=Count("pk"), oldest=Min("sent_at"), not_kept=Count("pk", filter=_NOT_KEPT)
        )
    }
    states = {state.peer_id: state for state in Destination.objects.all()}
    peers = Peer.objects.filter(pk__in={*waiting, *uncommitted, *states}, disabled_at=None).order_by("name")
    return [
        _counts(peer, waiting.get(peer.pk, {}), uncommitted.get(peer.pk, {}), states.get(peer.pk)) for peer in peers
    ]


def _listening() -> QuerySet[Peer]:
    return Peer.objects.filter(disabled_at=None).exclude(host="").order_by("pk")


# A command, or the log, says the status before it.
NOT_KEPT: Final = "The destination does not keep it."
_NOT_KEPT: Final = Q(last_error__endswith=NOT_KEPT)
_OPEN: Final = (CommitmentState.WANTED, CommitmentState.ASKED)


def _counts(
    peer: Peer, waiting: Mapping[str, Any], uncommitted: Mapping[str, Any], state: Destination | None
) -> ForwardCounts:
    return ForwardCounts(
        destination=peer,
        waiting=waiting.get("waiting", 0),
        parked=waiting.get("parked", 0),
        oldest_waiting_since=waiting.get("oldest"),
        oldest_moving_since=waiting.get("oldest_moving"),
        uncommitted=uncommitted.get("uncommitted", 0),
        oldest_uncommitted_since=uncommitted.get("oldest"),
        not_kept=waiting.get("not_kept", 0) + uncommitted.get("not_kept", 0),
        down_since=state.down_since if state else None,
        last_error=state.last_error if state else "",
    )
