"""What other machines ask this server to keep: noted when it is asked, looked at, and told until it was heard."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from zlib import crc32

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from dicomserver.access.callers import Caller, may_come_from
from dicomserver.access.models import Peer
from dicomserver.access.peers import peers
from dicomserver.archive import ArchiveError
from dicomserver.commitment.announcing import announce
from dicomserver.commitment.checking import NotYetCommitted, checked
from dicomserver.commitment.models import ReceivedRequest
from dicomserver.ingest.archives import configured_archive
from dicomserver.outbox.backoff import later, pause_after
from dicomserver.outbox.locks import Purpose, only_one
from dicomserver.scu import ScuError
from dicomserver.scu.commitment import report_commitment
from dicomserver.scu.commitment_data_sets import Commitment, CommitmentAsked, Failed, Reference

logger = logging.getLogger(__name__)

# The association on which it was asked is tried first; after that, or when it has ended, the machine is called.
CALL_AFTER: Final = timedelta(seconds=10)
# Whoever works on a request has it for so long; somebody else goes on where a process died.
LEASE: Final = timedelta(minutes=15)
LONGEST_PAUSE_SECONDS: Final = 1800.0
# What waits to come into the index is waited for so long before an instance is called unknown.
LOOK_AGAIN: Final = timedelta(minutes=5)
LOOK_PAUSE_SECONDS: Final = 5.0
# A machine that cannot be told by then has forgotten what it asked.
KEEP: Final = timedelta(days=7)
MAX_DUE: Final = 100


class TransactionInUse(Exception):
    """The caller asks for other instances under a transaction that is in use (PS3.3 C.14.1.1)."""


def note_request(caller: Caller, asked: CommitmentAsked) -> int:
    """Keep a request until it is answered; returns its key. Raises TransactionInUse and django.db.Error.

    The same request again is looked at and told again. Its instances are announced, where all are in the index.
    """
    references = [list(one) for one in asked.references]
    values = {
        "called_ae_title": caller.called_ae_title,
        "remote_address": caller.address,
        "references": references,
        "next_attempt_at": timezone.now() + CALL_AFTER,
    }
    with transaction.atomic():
        row, is_new = ReceivedRequest.objects.select_for_update().get_or_create(
            calling_ae_title=caller.calling_ae_title, transaction_uid=asked.transaction_uid, defaults=values
        )
        if not is_new:
            if row.references != references:
                raise TransactionInUse
            again = {"result": None, "told_at": None, "attempts": 0, "received_at": timezone.now()}
            ReceivedRequest.objects.filter(pk=row.pk).update(**values, **again)
        ReceivedRequest.objects.filter(pk=row.pk).update(is_announced=announce(asked.references))
    return row.pk


def look_now(request_pk: int, transaction_uid: str, references: Sequence[Reference]) -> Commitment | None:
    """The result, where nothing keeps it from being told now. Raises django.db.Error and ArchiveError."""
    try:
        commitment = checked(transaction_uid, references, configured_archive())
    except NotYetCommitted:
        return None
    _note_result(request_pk, commitment, references)
    return commitment


def call_now(request_pk: int) -> None:
    """The machine has left the association on which it asked: it is called as soon as can be."""
    ReceivedRequest.objects.filter(pk=request_pk, told_at=None).update(next_attempt_at=F("received_at"))


def note_told(request_pk: int) -> None:
    """The machine has heard the result."""
    ReceivedRequest.objects.filter(pk=request_pk, told_at=None).update(told_at=timezone.now(), last_error="")


def due_callers() -> list[str]:
    """The AE titles of machines whose requests are to be looked at, or to be answered, now."""
    return sorted(set(_due().values_list("calling_ae_title", flat=True)))


def answer_caller(calling_ae_title: str) -> int:
    """Answer what is due of one machine, one after the other until it does not listen; how many it was told.

    Any number of processes may call it at once: one works, the others return. Raises django.db.Error.
    """
    told = 0
    with only_one(Purpose.TELLING_COMMITMENT, crc32(calling_ae_title.encode())) as is_ours:
        due = _due().filter(calling_ae_title=calling_ae_title).order_by("next_attempt_at").values_list("pk", flat=True)
        for request_pk in list(due[:MAX_DUE]) if is_ours else []:
            if not answer(request_pk):
                break
            told += 1
    return told


def _due() -> QuerySet[ReceivedRequest]:
    return ReceivedRequest.objects.filter(told_at=None, next_attempt_at__lte=timezone.now())


def answer(request_pk: int) -> bool:
    """Look at what was asked, and tell the machine; whether it was told. Raises django.db.Error."""
    row = _claimed(request_pk)
    if row is None:
        return False
    commitment = _commitment(row)
    if commitment is None:
        return False
    peer = _listener(row)
    if peer is None:
        return _failed(row, "No peer listens under the AE title that asked.")
    try:
        report_commitment(peer, commitment, ae_title=settings.DICOM_AE_TITLE)
    except ScuError as error:
        return _failed(row, str(error))
    note_told(row.pk)
    return True


def forget_old() -> None:
    """Delete what was told, or could not be told, a week ago."""
    ReceivedRequest.objects.filter(told_at__lt=timezone.now() - KEEP).delete()
    ReceivedRequest.objects.filter(received_at__lt=timezone.now() - KEEP, told_at=None).delete()


def _claimed(request_pk: int) -> ReceivedRequest | None:
    """The request, if it is due and nobody else works on it."""
    now = timezone.now()
    with transaction.atomic():
        due = ReceivedRequest.objects.filter(pk=request_pk, told_at=None, next_attempt_at__lte=now)
        row = due.select_for_update(skip_locked=True).first()
        if row is not None:
            row.next_attempt_at = now + LEASE
            row.save(update_fields=["next_attempt_at"])
    return row


def _commitment(row: ReceivedRequest) -> Commitment | None:
    """What the machine is to be told; None where it is too early to say."""
    if row.result is not None:
        return _read(row.transaction_uid, row.result)
    references = [Reference(*one) for one in row.references]
    is_last_look = row.received_at < timezone.now() - LOOK_AGAIN
    try:
        commitment = checked(row.transaction_uid, references, configured_archive(), is_last_look=is_last_look)
    except (NotYetCommitted, ArchiveError) as error:
        row.last_error = str(error)[:300]
        row.next_attempt_at = later(LOOK_PAUSE_SECONDS)
        row.save(update_fields=["last_error", "next_attempt_at"])
        return None
    _note_result(row.pk, commitment, references)
    return commitment


@transaction.atomic
def _note_result(request_pk: int, commitment: Commitment, references: Sequence[Reference]) -> None:
    """Keep the result; all that was received is in the index now, and what is not here may be announced."""
    row = ReceivedRequest.objects.select_for_update().filter(pk=request_pk).first()
    if row is None:
        return
    row.is_announced = row.is_announced or announce(references, is_last_look=True)
    row.result = _stored(commitment)
    row.save(update_fields=["result", "is_announced"])


def _listener(row: ReceivedRequest) -> Peer | None:
    """Where the machine that asked listens: of several of its title, the one that may have asked from there."""
    listening = [peer for peer in peers() if peer.host and peer.ae_title == row.calling_ae_title]
    near = [peer for peer in listening if not row.remote_address or may_come_from(peer, row.remote_address)]
    return next(iter([*near, *listening]), None)


def _failed(row: ReceivedRequest, reason: str) -> bool:
    row.attempts += 1
    row.last_error = reason[:300]
    row.next_attempt_at = later(pause_after(row.attempts, longest=LONGEST_PAUSE_SECONDS))
    row.save(update_fields=["attempts", "last_error", "next_attempt_at"])
    details = {"calling_ae_title": row.calling_ae_title, "transaction_uid": row.transaction_uid}
    logger.warning("A storage commitment cannot be told: %s", reason, extra=details)
    return False


def _stored(commitment: Commitment) -> dict[str, Any]:
    return {
        "committed": [list(one) for one in commitment.committed],
        "failed": [list(one) for one in commitment.failed],
    }


def _read(transaction_uid: str, result: dict[str, Any]) -> Commitment:
    committed = tuple(Reference(*one) for one in result["committed"])
    return Commitment(transaction_uid, committed, tuple(Failed(*one) for one in result["failed"]))
