"""Asks one machine whether it is there, and notes what came of it."""

import logging
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from dicomserver.access.models import Peer
from dicomserver.equipment.models import EquipmentCheck
from dicomserver.scu import ScuError, Timeouts, echo

logger = logging.getLogger(__name__)

TIMEOUTS: Final = Timeouts(connect=3.0, association=10.0, response=10.0)


def check(peer: Peer) -> EquipmentCheck:
    """Ask by C-ECHO, and note the answer or its lack. Raises django.db.Error."""
    seconds, problem = _asked(peer)
    with transaction.atomic():
        before = EquipmentCheck.objects.select_for_update().filter(peer=peer).first()
        now = timezone.now()
        after = _noted(peer, before, now, seconds, problem)
        after.save()
    if before is None or before.is_reachable != after.is_reachable:
        words = "A machine answers" if after.is_reachable else "A machine does not answer"
        logger.warning("%s: %s", words, peer.name, extra={"peer": peer.name, "problem": problem})
    return after


def _asked(peer: Peer) -> tuple[float | None, str]:
    """How long the answer took, or why there was none."""
    try:
        return echo(peer, timeouts=TIMEOUTS), ""
    except ScuError as error:
        return None, str(error)


def _noted(
    peer: Peer, before: EquipmentCheck | None, now: datetime, seconds: float | None, problem: str
) -> EquipmentCheck:
    is_reachable = seconds is not None
    since = None if is_reachable else (before.unreachable_since if before and before.unreachable_since else now)
    return EquipmentCheck(
        peer=peer,
        checked_at=now,
        is_reachable=is_reachable,
        seconds=seconds,
        reachable_at=now if is_reachable else (before.reachable_at if before else None),
        unreachable_since=since,
        problem=problem[:300],
    )
