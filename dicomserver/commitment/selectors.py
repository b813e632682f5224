"""Reading how storage commitment goes."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from dicomserver.commitment.models import ReceivedRequest


@dataclass(frozen=True, slots=True)
class Untold:
    """How many machines' requests wait to be told their result, and since when the oldest."""

    waiting: int
    oldest_waiting_since: datetime | None


def untold_requests() -> Untold:
    """What was asked of this server and could not be told yet. Raises django.db.Error."""
    found = ReceivedRequest.objects.filter(told_at=None).aggregate(waiting=Count("pk"), oldest=Min("received_at"))
    return Untold(found["waiting"], found["oldest"])
