"""What this server asks other archives to keep: asked until it is answered, by whichever association."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from pydicom.uid import generate_uid

from dicomserver.access.callers import Caller, may_have_come_from
from dicomserver.access.models import Peer
from dicomserver.commitment.models import OwnRequest
from dicomserver.commitment.signals import commitment_answered
from dicomserver.outbox.backoff import later, pause_after
from dicomserver.outbox.locks import Purpose, only_one
from dicomserver.scu import ScuError
from dicomserver.scu.commitment import request_commitment
from dicomserver.scu.commitment_data_sets import PROCESSING_FAILURE, Commitment, CommitmentAsked, Reference

logger = logging.getLogger(__name__)

# An archive that tells the result on the same association does so at once; others call back.
WAIT_SECONDS: Final = 3.0
# No answer by then, and the archive is asked anew: it may have forgotten, or could not reach this server.
ANSWER: Final = timedelta(hours=1)
LEASE: Final = timedelta(minutes=15)
LONGEST_PAUSE_SECONDS: Final = 1800.0
KEEP: Final = timedelta(days=30)
MAX_DUE: Final = 100


def ask_to_keep(peer: Peer, references: Sequence[Reference]) -> OwnRequest:
    """Ask the archive soon. Called in the transaction that notes of the instances that they were asked about."""
    return OwnRequest.objects.create(
        peer=peer, transaction_uid=str(generate_uid(prefix=None)), references=[list(one) for one in references]
    )


def due_archives() -> list[int]:
    """The keys of the peers that are to be asked now, or anew."""
    usable = _due().filter(peer__disabled_at=None).exclude(peer__host="")
    return sorted(set(usable.values_list("peer_id", flat=True)))


def ask_archive(peer_pk: int) -> int:
    """Ask one archive all that is due, one after the other until it does not listen; how many requests it took.

    Any number of processes may call it at once: one works, the others return. Raises django.db.Error.
    """
    taken = 0
    with only_one(Purpose.ASKING_COMMITMENT, peer_pk) as is_ours:
        due = _due().filter(peer_id=peer_pk).order_by("next_attempt_at").values_list("pk", flat=True)
        for request_pk in list(due[:MAX_DUE]) if is_ours else []:
            if not ask(request_pk):
                break
            taken += 1
    return taken


def _due() -> QuerySet[OwnRequest]:
    return OwnRequest.objects.filter(answered_at=None, replaced_by="", next_attempt_at__lte=timezone.now())


def ask(request_pk: int) -> bool:
    """Ask the archive; whether it has taken the request. Raises django.db.Error."""
    row = _claimed(request_pk)
    if row is None:
        return False
    asked = CommitmentAsked(row.transaction_uid, tuple(Reference(*one) for one in row.references))
    try:
        commitment = request_commitment(row.peer, asked, wait_seconds=WAIT_SECONDS, ae_title=settings.DICOM_AE_TITLE)
    except ScuError as error:
        _failed(row, str(error))
        return False
    # Nothing else is written: the archive may have answered meanwhile, to another process.
    now = timezone.now()
    OwnRequest.objects.filter(pk=row.pk).update(asked_at=now, next_attempt_at=now + ANSWER, last_error="")
    if commitment is not None:
        _note_answer(row, commitment)
    return True


def take_answer(caller: Caller, commitment: Commitment) -> bool:
    """Note what an archive tells on an association of its own; False where it was never asked that."""
    row = OwnRequest.objects.filter(transaction_uid=commitment.transaction_uid).select_related("peer").first()
    if row is None or not may_have_come_from(row.peer, _anyhow_called(caller, row.peer)):
        return False
    _note_answer(row, commitment)
    return True


def forget_old() -> None:
    """Delete what was answered, or asked anew, a month ago."""
    OwnRequest.objects.filter(answered_at__lt=timezone.now() - KEEP).delete()
    OwnRequest.objects.filter(created_at__lt=timezone.now() - KEEP).exclude(replaced_by="").delete()


def _anyhow_called(caller: Caller, peer: Peer) -> Caller:
    return Caller(caller.calling_ae_title, peer.called_ae_title, caller.address)


def _claimed(request_pk: int) -> OwnRequest | None:
    """The request, if it is due and nobody else makes it; a new one in the place of one that was never answered."""
    now = timezone.now()
    with transaction.atomic():
        due = OwnRequest.objects.filter(pk=request_pk, answered_at=None, replaced_by="", next_attempt_at__lte=now)
        row = due.select_for_update(skip_locked=True, of=("self",)).select_related("peer").first()
        if row is None:
            return None
        if row.asked_at is not None:
            silent, row = row, ask_to_keep(row.peer, [Reference(*one) for one in row.references])
            silent.replaced_by = row.transaction_uid
            silent.save(update_fields=["replaced_by"])
        row.next_attempt_at = now + LEASE
        row.save(update_fields=["next_attempt_at"])
    return row


def _failed(row: OwnRequest, reason: str) -> None:
    attempts = row.attempts + 1
    due = later(pause_after(attempts, longest=LONGEST_PAUSE_SECONDS))
    OwnRequest.objects.filter(pk=row.pk).update(attempts=attempts, last_error=reason[:300], next_attempt_at=due)
    logger.warning("A storage commitment cannot be asked for: %s", reason, extra={"peer": row.peer.name})


def _note_answer(row: OwnRequest, commitment: Commitment) -> None:
    """Once for each answer, and no harm by the second: what is not spoken of counts as failed."""
    asked = {uid for _, uid in row.references}
    failed = {one.sop_instance_uid: one.reason for one in commitment.failed if one.sop_instance_uid in asked}
    committed = sorted({one.sop_instance_uid for one in commitment.committed} & asked - set(failed))
    failed |= dict.fromkeys(asked - set(failed) - set(committed), PROCESSING_FAILURE)
    with transaction.atomic():
        values = {"answered_at": timezone.now(), "committed": len(committed), "failed": len(failed), "last_error": ""}
        OwnRequest.objects.filter(pk=row.pk).update(**values)
        commitment_answered.send(sender=None, peer=row.peer, committed=committed, failed=failed)
