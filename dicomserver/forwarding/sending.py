"""Sends what is queued for one destination, many instances an association, and notes what became of each."""

import logging
import time
from collections.abc import Callable
from typing import Final

from django.utils import timezone

from dicomserver.access.models import Peer
from dicomserver.access.reads import Reader, ReadRecorder
from dicomserver.archive import Archive
from dicomserver.forwarding.models import Destination, Forward
from dicomserver.forwarding.selectors import NOT_KEPT, due_forwards, is_paused
from dicomserver.index.models import Instance
from dicomserver.ingest.archives import configured_archive
from dicomserver.outbox.backoff import later, pause_after
from dicomserver.outbox.locks import Purpose, only_one
from dicomserver.scu import ScuError, Sent, StoredFile, send_instances

logger = logging.getLogger(__name__)

# Instances that one association is opened for.
BATCH: Final = 500
# A run ends then, between two instances, so that other destinations get their turn; the next one goes on.
RUN_SECONDS: Final = 60.0
# An instance that the destination could not take now is tried for ever, but this is rare enough.
LONGEST_PAUSE_SECONDS: Final = 3600.0
PARKED_PAUSE_SECONDS: Final = 6 * 3600.0
# What the audit hears (wire.events), in one event until a study has been quiet for a while.
WAY: Final = "forwarding"

# PS3.4 Table B.2-1 and PS3.7 Annex C.
DUPLICATE_SOP_INSTANCE: Final = 0x0111
_REFUSED_FOR_GOOD: Final = frozenset({0x0117, 0x0118, 0x0122})


def forward_to(destination_pk: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send what is due for the destination; returns how many instances it took.

    Any number of processes may call it at once: one sends, the others return. What it is killed in the middle of is
    sent again. Raises django.db.Error.
    """
    with only_one(Purpose.FORWARDING, destination_pk) as is_ours:
        peer = Peer.objects.filter(pk=destination_pk, disabled_at=None).exclude(host="").first()
        if not is_ours or peer is None or is_paused(destination_pk, timezone.now()):
            return 0
        run = _Run(peer, configured_archive(), is_stopping)
        try:
            run.send_all()
        finally:
            run.reads.flush()
        return run.sent


class _Run:
    """One destination's turn."""

    def __init__(self, peer: Peer, archive: Archive, is_stopping: Callable[[], bool]) -> None:
        self._peer = peer
        self._archive = archive
        self._is_stopping = is_stopping
        self._deadline = time.monotonic() + RUN_SECONDS
        self._is_full = ""
        self._by_uid: dict[str, Forward] = {}
        self.reads = ReadRecorder()
        self.sent = 0

    def send_all(self) -> None:
        """Association after association, until nothing is due, the time is over or the destination is not there."""
        while not self._is_over():
            rows = due_forwards(self._peer.pk, timezone.now(), BATCH)
            if not rows:
                return
            self._by_uid = {row.instance.sop_instance_uid: row for row in rows}
            try:
                files = [_file_of(row.instance, self._archive) for row in rows]
                send_instances(self._peer, files, on_sent=self._settle, is_cancelled=self._is_over)
            except ScuError as error:
                self._pause(str(error))
                return
            self.reads.flush()
            if self._is_full:
                self._pause(self._is_full)
                return
            self._resume()

    def _is_over(self) -> bool:
        return bool(self._is_full) or time.monotonic() >= self._deadline or self._is_stopping()

    def _settle(self, sent: Sent) -> None:
        """Note at once what became of an instance: a run that is killed repeats as little as can be."""
        row = self._by_uid[sent.sop_instance_uid]
        self._tell_audit(row.instance, sent)
        if sent.is_stored or sent.status == DUPLICATE_SOP_INSTANCE:
            self.sent += 1
            row.sent_at, row.parked_at = timezone.now(), None
            # That it does not keep what it takes is true until it says otherwise.
            row.last_error = row.last_error if row.last_error.endswith(NOT_KEPT) else ""
        elif sent.status >> 8 == 0xA7:
            # Out of resources: so it is for all that follow.
            self._is_full = _words(sent)
            return
        else:
            self._failed(row, sent)
        row.attempts += 1
        row.save(update_fields=["sent_at", "parked_at", "last_error", "attempts", "next_attempt_at"])

    def _tell_audit(self, instance: Instance, sent: Sent) -> None:
        """Whatever the destination made of it: it has seen the bytes."""
        if sent.sent_bytes:
            uid = instance.series.study.study_instance_uid
            reader = Reader(WAY, self._peer.name, uid, "", self._peer.host[:64], WAY)
            self.reads.begin(reader, instance_pks=(instance.pk,), frames=0)
            self.reads.add_bytes(reader, sent.sent_bytes)

    def _failed(self, row: Forward, sent: Sent) -> None:
        row.last_error = _words(sent)
        if _is_refusal_for_good(sent.status):
            row.parked_at = row.parked_at or timezone.now()
            row.next_attempt_at = later(PARKED_PAUSE_SECONDS)
        else:
            row.next_attempt_at = later(pause_after(row.attempts + 1, longest=LONGEST_PAUSE_SECONDS))
        logger.warning(
            "An instance could not be forwarded",
            extra={
                "destination": self._peer.name,
                "sop_instance_uid": sent.sop_instance_uid,
                "status": f"0x{sent.status:04X}",
                "parked": row.parked_at is not None,
            },
        )

    def _pause(self, reason: str) -> None:
        """The destination itself is the matter: everything waits for it, a little longer each time."""
        state, _ = Destination.objects.get_or_create(peer=self._peer)
        state.failures += 1
        state.down_since = state.down_since or timezone.now()
        state.last_error = reason[:300]
        state.next_attempt_at = later(pause_after(state.failures))
        state.save()
        logger.warning("A destination takes nothing now: %s", reason, extra={"destination": self._peer.name})

    def _resume(self) -> None:
        values = {"failures": 0, "down_since": None, "last_error": "", "next_attempt_at": timezone.now()}
        Destination.objects.update_or_create(peer=self._peer, defaults=values)


def _file_of(instance: Instance, archive: Archive) -> StoredFile:
    return StoredFile(
        sop_class_uid=instance.sop_class_uid,
        sop_instance_uid=instance.sop_instance_uid,
        transfer_syntax_uid=instance.transfer_syntax_uid,
        path=archive.path_of(instance.relative_path),
        data_set_offset=instance.data_set_offset,
    )


def _is_refusal_for_good(status: int) -> bool:
    """Data Set does not match SOP Class, Cannot understand, or no such class or instance: it will not change."""
    return status >> 8 == 0xA9 or status >> 12 == 0xC or status in _REFUSED_FOR_GOOD


def _words(sent: Sent) -> str:
    return f"0x{sent.status:04X} {sent.text}".strip()[:300]
