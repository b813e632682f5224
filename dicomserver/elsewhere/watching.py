"""What the process knows that has a study fetched: how far it is, whether somebody stops it, whether anything comes."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from dicomserver.elsewhere.models import Fetching, Retrieval
from dicomserver.elsewhere.tellings import tell_of_retrieval
from dicomserver.elsewhere.verdicts import CANCELLED, verdict_of
from dicomserver.index.selectors import study_by_uid
from dicomserver.scu import Interrupted, RetrieveProgress

logger = logging.getLogger(__name__)

# Neither news nor an image for so long: the archive is left.
SILENCE: Final = timedelta(minutes=3)
# An archive that always has something to say comes to no end either.
LONGEST: Final = timedelta(hours=24)
# Images that the archive has sent come into the index within a moment.
SETTLING_SECONDS: Final = 10.0
# The row is written so often.
_WRITE_SECONDS: Final = 1.0


class Stopped(Interrupted):
    """The person wants the study no more."""


class Silent(Interrupted):
    """Nothing comes any more."""


class Endless(Interrupted):
    """It goes on and on."""


class Ending(Interrupted):
    """This process is told to end: another goes on."""


class Watch:
    """What one retrieval's process knows, and what it writes into the row."""

    def __init__(self, retrieval: Retrieval, is_stopping: Callable[[], bool]) -> None:
        self.retrieval = retrieval
        self._is_stopping = is_stopping
        self._moved_at = time.monotonic()
        self._began_at = time.monotonic()
        self._written_at = float("-inf")
        self._last: RetrieveProgress | None = None

    def note(self, progress: RetrieveProgress) -> None:
        """What the archive told; the same again and again is no sign of life."""
        if progress != self._last:
            self._moved_at = time.monotonic()
            self._last = progress
        row = self.retrieval
        row.completed = (progress.completed or 0) + (progress.warnings or 0) or row.completed
        row.failed = progress.failed or row.failed
        row.remaining = progress.remaining if not progress.is_final else None

    def note_bytes(self) -> None:
        """Something of an instance came, on an association of this process."""
        self._moved_at = time.monotonic()

    def note_stop_told(self) -> None:
        """The archive has been told to stop."""
        rows = Retrieval.objects.filter(pk=self.retrieval.pk, state=Fetching.RUNNING)
        rows.update(stop_told_at=timezone.now())

    def look(self) -> None:
        """Count what is here and write it, now and then. Raises Interrupted where it is to end."""
        if time.monotonic() - self._written_at < _WRITE_SECONDS:
            return
        self._count()
        self._written_at = time.monotonic()
        if self._is_stopping():
            raise Ending
        if not self._write() or self.retrieval.is_to_stop:
            raise Stopped
        if time.monotonic() - self._moved_at > SILENCE.total_seconds():
            raise Silent
        if time.monotonic() - self._began_at > LONGEST.total_seconds():
            raise Endless

    def settled(self, last: RetrieveProgress | None) -> tuple[Fetching, str]:
        """How it ended, once what the archive sent had the time to arrive."""
        status = last.status if last else CANCELLED
        deadline = time.monotonic() + SETTLING_SECONDS
        while self._count() < self._announced() and time.monotonic() < deadline:
            time.sleep(0.1)
        return verdict_of(self.retrieval, status)

    def end(self, state: Fetching, detail: str) -> None:
        """Write how it ended, and tell the audit, in one transaction."""
        self._count()
        row = self.retrieval
        row.state, row.detail, row.ended_at, row.remaining = state, detail[:300], timezone.now(), None
        with transaction.atomic():
            self._write()
            tell_of_retrieval(row)
        logger.info("A retrieval ended", extra={"study_instance_uid": row.study_instance_uid, "state": state.value})

    def _announced(self) -> int:
        """How many instances should be here, as far as the archive said."""
        row = self.retrieval
        return max(row.expected or 0, row.completed)

    def _count(self) -> int:
        """How many instances of the study are here now."""
        study = study_by_uid(self.retrieval.study_instance_uid)
        held = study.number_of_instances if study else 0
        arrived = max(held - self.retrieval.held_before, 0)
        if arrived > self.retrieval.arrived:
            self._moved_at = time.monotonic()
        self.retrieval.arrived = arrived
        return held

    def _write(self) -> bool:
        """Write the row; False where it is not ours any more. Learns whether somebody wants it stopped."""
        row = self.retrieval
        rows = Retrieval.objects.filter(pk=row.pk, state=Fetching.RUNNING)
        changed = rows.update(
            arrived=row.arrived,
            completed=row.completed,
            failed=row.failed,
            remaining=row.remaining,
            state=row.state,
            detail=row.detail,
            ended_at=row.ended_at,
            seen_at=timezone.now(),
        )
        row.is_to_stop = Retrieval.objects.filter(pk=row.pk, is_to_stop=True).exists()
        return bool(changed)
