"""Has one archive send one study here, by C-MOVE to ourselves or by C-GET, and watches it arrive until it is here."""

from collections.abc import Callable
from contextlib import closing
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydicom.dataset import Dataset

from dicomserver.access.models import Peer, RetrieveBy
from dicomserver.access.peers import peer_by_name
from dicomserver.elsewhere.asking import words_of
from dicomserver.elsewhere.contents import contents_of
from dicomserver.elsewhere.models import Fetching, Retrieval
from dicomserver.elsewhere.receiving import Reception
from dicomserver.elsewhere.verdicts import DESTINATION_UNKNOWN
from dicomserver.elsewhere.watching import Ending, Endless, Silent, Stopped, Watch
from dicomserver.scu import NothingAccepted, RetrieveProgress, ScuError, Timeouts, get, move
from dicomserver.scu.storage_contexts import storage_contexts

# Between two answers any time may pass while images arrive: see watching.SILENCE. Within an answer, and for what is
# asked before, less than after which this process counts as gone (retrievals.LOST_AFTER).
_TIMEOUTS: Final = Timeouts(connect=10.0, association=25.0, response=45.0)
_QUICK: Final = Timeouts(connect=10.0, association=15.0, response=20.0)


def retrieve(retrieval_id: UUID, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Fetch the study of this retrieval, if nobody does. Any number of processes may call it at once."""
    retrieval = _claimed(retrieval_id)
    if retrieval is None:
        return
    watch = Watch(retrieval, is_stopping)
    try:
        peer = peer_by_name(retrieval.archive)
        state, detail = _fetched(watch, peer) if peer and peer.host else (Fetching.FAILED, _FORGOTTEN)
    except Ending:
        Retrieval.objects.filter(pk=retrieval.pk, state=Fetching.RUNNING).update(state=Fetching.WAITING)
        return
    except Stopped:
        state, detail = Fetching.STOPPED, ""
    except Silent:
        state, detail = Fetching.FAILED, "Nothing came from the archive for minutes."
    except Endless:
        state, detail = Fetching.FAILED, "The archive came to no end within a day. What came is here."
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
        retrieval.stop_told_at = None
        retrieval.save(update_fields=["state", "attempts", "started_at", "seen_at", "stop_told_at"])
    return retrieval


def _fetched(watch: Watch, peer: Peer) -> tuple[Fetching, str]:
    """How it ended. Raises ScuError and Interrupted."""
    watch.look()
    if peer.retrieve_by == RetrieveBy.GET:
        return watch.settled(_got(watch, peer))
    last = _moved(watch, peer)
    if last is None or last.status != DESTINATION_UNKNOWN:
        return watch.settled(last)
    # The archive does not know this server as a destination; then it may send on the association that asks.
    try:
        return watch.settled(_got(watch, peer))
    except NothingAccepted:
        return watch.settled(last)


def _moved(watch: Watch, peer: Peer) -> RetrieveProgress | None:
    """The archive's last answer to a C-MOVE to this server."""
    answers = move(
        peer,
        _identifier(watch.retrieval),
        settings.DICOM_AE_TITLE,
        timeouts=_TIMEOUTS,
        on_wait=watch.look,
        on_cancel=watch.note_stop_told,
    )
    last: RetrieveProgress | None = None
    with closing(answers):
        for last in answers:
            watch.note(last)
            if not last.is_final:
                watch.look()
    return last


def _got(watch: Watch, peer: Peer) -> RetrieveProgress | None:
    """The archive's last answer to a C-GET. Raises NothingAccepted where it offers none."""
    contents = contents_of(peer, watch.retrieval, timeouts=_QUICK, on_answer=watch.look)
    watch.look()
    reception = Reception(peer, watch.retrieval.study_instance_uid, watch.note_bytes)
    answers = get(
        peer,
        _identifier(watch.retrieval),
        storage_contexts(contents.sop_classes, contents.modalities),
        reception.keep,
        timeouts=_TIMEOUTS,
        on_wait=watch.look,
        on_cancel=watch.note_stop_told,
    )
    last: RetrieveProgress | None = None
    try:
        with closing(answers):
            for told in answers:
                if told is not None:
                    last = told
                    watch.note(told)
                if told is None or not told.is_final:
                    watch.look()
    finally:
        reception.flush()
    return last


def _identifier(retrieval: Retrieval) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.StudyInstanceUID = retrieval.study_instance_uid
    return identifier
