"""Has one archive send one study here (C-MOVE to ourselves), and watches it arrive until it is here, or is not."""

import logging
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydicom.dataset import Dataset

from dicomserver.access.models import Peer
from dicomserver.access.peers import peer_by_name
from dicomserver.elsewhere.asking import words_of
from dicomserver.elsewhere.models import Fetching, Retrieval
from dicomserver.elsewhere.tellings import tell_of_retrieval
from dicomserver.index.selectors import study_by_uid
from dicomserver.scu import Interrupted, MoveProgress, ScuError, Timeouts, move

logger = logging.getLogger(__name__)

# Between two answers any time may pass while images arrive: see SILENCE.
_TIMEOUTS: Final = Timeouts(connect=10.0, association=30.0, response=60.0)
# Neither an answer nor an image for so long: the archive is left.
SILENCE: Final = timedelta(minutes=3)
# Images that the archive has sent come into the index within a moment.
SETTLING_SECONDS: Final = 10.0
# The row is written so often.
_WRITE_SECONDS: Final = 1.0

# PS3.4 Table C.4-2.
_SUCCESS: Final = 0x0000
_WARNING: Final = 0xB000
_CANCELLED: Final = 0xFE00
_DESTINATION_UNKNOWN: Final = 0xA801
_CANNOT_SEND: Final = 0xA702


class _Stopped(Interrupted):
    """The person wants the study no more."""


class _Silent(Interrupted):
    """Nothing comes any more."""


class _Ending(Interrupted):
    """This process is told to end: another goes on."""


def retrieve(retrieval_id: UUID, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Fetch the study of this retrieval, if nobody does. Any number of processes may call it at once."""
    retrieval = _claimed(retrieval_id)
    if retrieval is None:
        return
    watch = _Watch(retrieval, is_stopping)
    try:
        peer = peer_by_name(retrieval.archive)
        state, detail = _fetched(watch, peer) if peer and peer.host else (Fetching.FAILED, _FORGOTTEN)
    except _Ending:
        Retrieval.objects.filter(pk=retrieval.pk, state=Fetching.RUNNING).update(state=Fetching.WAITING)
        return
    except _Stopped:
        state, detail = Fetching.STOPPED, ""
    except _Silent:
        state, detail = Fetching.FAILED, "Nothing came from the archive for minutes."
    except ScuError as error:
        state, detail = Fetching.FAILED, words_of(error)
    watch.end(state, detail)


_FORGOTTEN: Final = "This server does not know the archive any more."


def _claimed(retrieval_id: UUID) -> Retrieval | None:
    """The retrieval, now ours; None where it is another's, or over."""
    now = timezone.now()
    with transaction.atomic():
        rows = Retrieval.objects.select_for_update(skip_locked=True)
        retrieval = rows.filter(pk=retrieval_id, state=Fetching.WAITING).first()
        if retrieval is None:
            return None
        retrieval.state = Fetching.RUNNING
        retrieval.attempts += 1
        retrieval.started_at = retrieval.started_at or now
        retrieval.seen_at = now
        retrieval.save(update_fields=["state", "attempts", "started_at", "seen_at"])
    return retrieval


def _fetched(watch: "_Watch", peer: Peer) -> tuple[Fetching, str]:
    """How it ended. Raises ScuError and Interrupted."""
    watch.look()
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.StudyInstanceUID = watch.retrieval.study_instance_uid
    answers = move(peer, identifier, settings.DICOM_AE_TITLE, timeouts=_TIMEOUTS, on_wait=watch.look)
    last: MoveProgress | None = None
    with closing(answers):
        for last in answers:
            watch.note(last)
            if not last.is_final:
                watch.look()
    return watch.settled(last)


class _Watch:
    """What one retrieval's process knows, and what it writes into the row."""

    def __init__(self, retrieval: Retrieval, is_stopping: Callable[[], bool]) -> None:
        self.retrieval = retrieval
        self._is_stopping = is_stopping
        self._moved_at = time.monotonic()
        self._written_at = float("-inf")

    def note(self, progress: MoveProgress) -> None:
        """What the archive told."""
        self._moved_at = time.monotonic()
        row = self.retrieval
        row.completed = (progress.completed or 0) + (progress.warnings or 0) or row.completed
        row.failed = progress.failed or row.failed
        row.remaining = progress.remaining if not progress.is_final else None

    def look(self) -> None:
        """Count what is here and write it, now and then. Raises Interrupted where it is to end."""
        if time.monotonic() - self._written_at < _WRITE_SECONDS:
            return
        self._count()
        self._written_at = time.monotonic()
        if self._is_stopping():
            raise _Ending
        if not self._write() or self.retrieval.is_to_stop:
            raise _Stopped
        if time.monotonic() - self._moved_at > SILENCE.total_seconds():
            raise _Silent

    def settled(self, last: MoveProgress | None) -> tuple[Fetching, str]:
        """How it ended, once what the archive sent had the time to arrive."""
        status = last.status if last else _CANCELLED
        deadline = time.monotonic() + SETTLING_SECONDS
        while self._count() < self._announced() and time.monotonic() < deadline:
            time.sleep(0.1)
        return _verdict(self.retrieval, status)

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


def _verdict(row: Retrieval, status: int) -> tuple[Fetching, str]:
    held = row.held_before + row.arrived
    if status == _DESTINATION_UNKNOWN:
        return Fetching.FAILED, (
            f"The archive does not know this server, or may not send to it. Its administrator has to add "
            f"{settings.DICOM_AE_TITLE}, port {settings.DICOM_PORT}, as a destination; "
            "this server's has to let it store."
        )
    if status == _CANCELLED:
        return Fetching.STOPPED, ""
    wanted = row.expected if row.expected is not None else row.completed
    if status in {_SUCCESS, _WARNING} and held >= max(wanted, 1) and not row.failed:
        return Fetching.DONE, ""
    if row.failed or status == _CANNOT_SEND:
        return Fetching.FAILED, (
            f"{row.failed or 'Some'} of the images could not be sent here. The rest is here. Try again, or ask the "
            "archive's administrator."
        )
    if status in {_SUCCESS, _WARNING}:
        return Fetching.FAILED, f"The archive says that it has sent everything, but only {held} images are here."
    return Fetching.FAILED, f"The archive could not send the study (status {status:04X})."
