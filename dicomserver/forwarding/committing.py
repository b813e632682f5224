"""Asks destinations to commit themselves to what was forwarded, and sends again what they do not keep."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from dicomserver.access.models import Peer
from dicomserver.commitment.asking import ask_to_keep
from dicomserver.forwarding.models import CommitmentState, Forward
from dicomserver.forwarding.selectors import NOT_KEPT, uncommitted_locked
from dicomserver.outbox.backoff import later, pause_after
from dicomserver.scu.commitment_data_sets import Reference

logger = logging.getLogger(__name__)

# Instances of one request: each answer names them all, and archives bound what they take.
MAX_REFERENCES: Final = 1000
# So long after the last instance more may come, which share the request.
GATHER: Final = timedelta(seconds=5)
LONGEST_PAUSE_SECONDS: Final = 3600.0


def ask_for_commitment(destination_pk: int) -> int:
    """Request the commitment of all that the destination has and was not asked about; returns how many instances."""
    asked = 0
    while True:
        with transaction.atomic():
            rows = uncommitted_locked(destination_pk, MAX_REFERENCES)
            if not rows or (len(rows) < MAX_REFERENCES and _is_recent(rows[-1])):
                return asked
            references = [Reference(row.instance.sop_class_uid, row.instance.sop_instance_uid) for row in rows]
            ask_to_keep(Peer.objects.get(pk=destination_pk), references)
            Forward.objects.filter(pk__in=[row.pk for row in rows]).update(commitment=CommitmentState.ASKED)
            asked += len(rows)


def take_answer(*, peer: Peer, committed: Sequence[str], failed: Mapping[str, int], **_told: Any) -> None:
    """Receives `commitment_answered`: what the destination keeps is done, what it does not is sent again."""
    _asked(peer, committed).update(commitment=CommitmentState.COMMITTED, last_error="")
    again = list(_asked(peer, failed).select_related("instance").select_for_update(of=("self",)).order_by("pk"))
    for row in again:
        row.sent_at, row.commitment = None, CommitmentState.WANTED
        row.last_error = f"0x{failed[row.instance.sop_instance_uid]:04X} {NOT_KEPT}"
        row.next_attempt_at = later(pause_after(row.attempts, longest=LONGEST_PAUSE_SECONDS))
        row.save(update_fields=["sent_at", "commitment", "last_error", "next_attempt_at"])
    if again:
        details = {"destination": peer.name, "instances": len(again)}
        logger.warning("A destination does not keep what it was sent; it is sent again", extra=details)


def _is_recent(row: Forward) -> bool:
    return row.sent_at is not None and row.sent_at > timezone.now() - GATHER


def _asked(peer: Peer, uids: Sequence[str] | Mapping[str, int]) -> QuerySet[Forward]:
    is_one = Q(instance__sop_instance_uid__in=list(uids))
    return Forward.objects.filter(is_one, destination=peer, commitment=CommitmentState.ASKED, sent_at__isnull=False)
