"""Asks one archive in a thread of its own, for a bounded time and number of answers, and writes what it says."""

import logging
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Final

from django.db import DatabaseError, connection
from django.utils import timezone
from pydicom.dataset import Dataset

from dicomserver.access.models import Peer
from dicomserver.elsewhere.answers import description_of, instances_of, is_wanted, study_uid_of
from dicomserver.elsewhere.models import Asked, AskedArchive, Match
from dicomserver.elsewhere.words import Words
from dicomserver.scu import PeerFailed, PeerRejected, PeerUnreachable, ScuError, Timeouts, find

logger = logging.getLogger(__name__)

# An archive that does not answer within these counts as failed; the others' answers stand.
TIMEOUTS: Final = Timeouts(connect=5.0, association=10.0, response=15.0)
LONGEST: Final = timedelta(seconds=40)
MAX_MATCHES: Final = 200
# Archives that one process asks at once, for everybody.
MAX_AT_ONCE: Final = 32
# So often what came is written, and whether to go on is asked.
_LOOK_SECONDS: Final = 0.5

_places: Final = threading.BoundedSemaphore(MAX_AT_ONCE)


class _GaveUp(ScuError):
    """The time is over, or the person waits no longer: the association is cut, as nothing more is wanted of it."""


def ask_in_threads(archives: Sequence[tuple[int, Peer]], words: Words) -> None:
    """Begin to ask the archives of these rows, all at once."""
    for asked_pk, peer in archives:
        threading.Thread(target=_ask_and_close, args=(asked_pk, peer, words), name="elsewhere", daemon=True).start()


def ask(asked_pk: int, peer: Peer, words: Words) -> None:
    """Ask the archive; whatever goes wrong ends as words in its row. Raises django.db.Error."""
    rows = AskedArchive.objects.filter(pk=asked_pk)
    if not rows.filter(state=Asked.WAITING, due_at__gt=timezone.now()).update(state=Asked.ASKING):
        return
    try:
        state, detail = _asked(_Portion(asked_pk), peer, words), ""
    except _GaveUp:
        state, detail = Asked.FAILED, "It answers too slowly. What it said until then is shown."
    except ScuError as error:
        state, detail = Asked.FAILED, words_of(error)
    rows.filter(state=Asked.ASKING).update(state=state, detail=detail)


def words_of(error: ScuError) -> str:
    """What a person may make of an archive's failure."""
    match error:
        case PeerRejected(reason=reason):
            return f"It does not let this server in: {reason}"[:300]
        case PeerUnreachable():
            return "It cannot be reached, or does not answer."
        case PeerFailed(status=status):
            return f"It could not do what it was asked for (status {status:04X})."
    return "It does not answer as an archive does."


def _ask_and_close(asked_pk: int, peer: Peer, words: Words) -> None:
    """The life of one thread; where too many are under way already, it waits for its turn."""
    try:
        if _places.acquire(timeout=LONGEST.total_seconds()):
            try:
                ask(asked_pk, peer, words)
            finally:
                _places.release()
    except DatabaseError:
        # Its time runs out, which is told like any other silence.
        logger.exception("An archive's answer cannot be kept")
    except Exception:
        # An edge of the process: what an archive sends must not end the thread in silence.
        logger.exception("An archive could not be asked")
        AskedArchive.objects.filter(pk=asked_pk).update(
            state=Asked.FAILED, detail="It does not answer as an archive does."
        )
    finally:
        connection.close()


class _Portion:
    """What an archive said and is not written yet."""

    def __init__(self, asked_pk: int) -> None:
        self._row = AskedArchive.objects.filter(pk=asked_pk)
        self._asked_pk = asked_pk
        self._due_at = self._row.values_list("due_at", flat=True).get()
        self._matches: list[Match] = []
        self._uids: set[str] = set()
        self._looked_at = time.monotonic()

    def add(self, ds: Dataset, words: Words) -> None:
        """Note a study, once."""
        uid = study_uid_of(ds)
        if uid is None or uid in self._uids or not is_wanted(ds, words):
            return
        self._uids.add(uid)
        description = description_of(ds).model_dump(mode="json")
        number = instances_of(ds)
        self._matches.append(
            Match(asked_id=self._asked_pk, study_instance_uid=uid, description=description, number_of_instances=number)
        )

    @property
    def is_full(self) -> bool:
        """True with as many studies as one archive may tell of."""
        return len(self._uids) >= MAX_MATCHES

    def look(self) -> bool:
        """Write what came, now and then; False where nobody waits for more."""
        if time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return True
        self.write()
        self._looked_at = time.monotonic()
        return timezone.now() < self._due_at and self._row.filter(state=Asked.ASKING).exists()

    def write(self) -> None:
        """Write what came."""
        Match.objects.bulk_create(self._matches, ignore_conflicts=True)
        self._matches = []


def _asked(portion: _Portion, peer: Peer, words: Words) -> Asked:
    """Write the matches; whether there were more than are taken. Raises ScuError."""
    answers: Generator[Dataset, None, None] = find(peer, words.identifier(), "STUDY", timeouts=TIMEOUTS)
    try:
        with closing(answers):
            for ds in answers:
                portion.add(ds, words)
                if portion.is_full:
                    return Asked.LIMITED
                if not portion.look():
                    answers.throw(_GaveUp())
    finally:
        portion.write()
    return Asked.ANSWERED
