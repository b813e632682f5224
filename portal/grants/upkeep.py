"""Keeps grants true as time goes on: when they were used, that they end soon, and that their givers still have them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.actors import SystemActor
from portal.grants.decisions import Decision
from portal.grants.letters import tell_end
from portal.grants.models import Grant
from portal.grants.selectors import (
    givers_in_doubt,
    grants_in_doubt,
    grants_that_end_soon,
    people_who_lost_access,
)
from portal.grants.services import revoke_where_giver_lost

LOSSES_REACH_BACK: Final = timedelta(minutes=10)
"""Many times the interval of the task, so that one that was late misses nothing."""
USE_KEPT_FOR: Final = timedelta(minutes=1)
TOLD_BEFORE_END: Final = timedelta(hours=24)
TOLD_AT_ONCE: Final = 500


def note_use(decision: Decision) -> None:
    """Remember that a study was opened, or its images asked for, by the leading reason; once a minute a grant.

    A row that somebody is taking back is passed over: a token is issued under its receiver's lock, and whoever takes
    the grant back holds the grant and waits for that one.
    """
    grant_id = decision.reasons[0].grant_id if decision.reasons else None
    if grant_id is None:
        return
    now = timezone.now()
    is_stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USE_KEPT_FOR)
    with transaction.atomic():
        stale = Grant.objects.filter(is_stale, pk=grant_id).select_for_update(skip_locked=True)
        for grant in stale.only("pk"):
            Grant.objects.filter(pk=grant.pk).update(last_used_at=now)


def revoke_what_nobody_may_give(*, givers: Iterable[int] | None = None) -> int:
    """Take back what these givers, by default all of them, gave and do not have any more; returns how many."""
    doubtful = sorted(set(givers_in_doubt() if givers is None else givers))
    return sum(_revoke_of(giver) for giver in doubtful)


def revoke_of_those_who_lost_access() -> int:
    """The same for people whose role, account or assignment ended in the last minutes."""
    now = timezone.now()
    return revoke_what_nobody_may_give(givers=people_who_lost_access(now - LOSSES_REACH_BACK, now))


@transaction.atomic
def tell_who_loses_access_soon() -> int:
    """Write to receivers whose access ends within a day, once each; returns to how many."""
    now = timezone.now()
    ending = list(grants_that_end_soon(now, now + TOLD_BEFORE_END)[:TOLD_AT_ONCE])
    for grant in ending:
        tell_end(grant)
    Grant.objects.filter(pk__in=[grant.pk for grant in ending]).update(end_told_at=now)
    return len(ending)


@transaction.atomic
def _revoke_of(giver: int) -> int:
    actor = SystemActor("grants")
    return sum(revoke_where_giver_lost(actor, grant) for grant in grants_in_doubt([giver]))
