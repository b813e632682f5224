"""Prepares what readers will ask for, before they do: metadata of quiet series, pictures of complete studies.

The worker has other things to do, and the machine too: one series at a time, oldest first, for a part of each pace.
"""

import contextlib
import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from django.conf import settings

from dicomserver.dicomweb import selectors
from dicomserver.dicomweb.documents import prepare_document, state_of
from dicomserver.dicomweb.pictures.previews import PREPARED_BOX, preview
from dicomserver.dicomweb.pictures.services import thumbnail, whole_picture
from dicomserver.dicomweb.problems import Refused
from dicomserver.dicomweb.selectors import Scope, SeriesToPrepare
from dicomserver.index.frames import FrameNotFound
from dicomserver.index.models import Series
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.cache import LOCK_SUFFIX, cache_folder, remove_least_used
from dicomserver.ingest.metadata import prepare_portions
from dicomserver.transcoding.decoding import Undecodable

logger = logging.getLogger(__name__)

QUIET_SECONDS: Final = 2.0
# Of the two seconds between two runs, and of the five: the rest is left to others.
METADATA_SECONDS: Final = 1.2
PICTURES_SECONDS: Final = 1.5
SERIES_A_RUN: Final = 100


def prepare_metadata() -> int:
    """Write the documents of series that nothing was added to for a moment; returns of how many."""
    with _alone("metadata") as is_alone:
        if not is_alone:
            return 0
        quiet = selectors.unprepared_series(quiet_seconds=QUIET_SECONDS, limit=SERIES_A_RUN)
        return _for_a_while(METADATA_SECONDS, quiet, _prepare_metadata)


def prepare_pictures() -> int:
    """Draw what a reader sees first of series whose study is complete, and write its document; returns of how many."""
    with _alone("pictures") as is_alone:
        if not is_alone:
            return 0
        complete = selectors.unpictured_series(limit=SERIES_A_RUN)
        return _for_a_while(PICTURES_SECONDS, complete, _prepare_pictures)


def bound_cache() -> int:
    """Remove what was used least until the cache is as small as the settings want it; returns how many files."""
    return remove_least_used(cache_folder(), settings.CACHE_MAXIMUM_BYTES, time.time())


def _prepare_metadata(series: SeriesToPrepare, end: float) -> bool:
    scope = Scope(series.study_instance_uid, series.series_instance_uid)
    for _ in prepare_portions(scope.instances(), configured_archive()):
        if time.monotonic() > end:
            # The next run finds the rest.
            return False
    _write_document(scope)
    # Also where an instance cannot be read: it would be found again each time, and requests try it anyway.
    Series.objects.filter(pk=series.pk).update(prepared_revision=series.revision)
    return True


def _write_document(scope: Scope) -> None:
    states = selectors.series_states(scope)
    if states:
        prepare_document(scope, state_of(scope, states))


def _prepare_pictures(series: SeriesToPrepare, _end: float) -> bool:
    scope = Scope(series.study_instance_uid, series.series_instance_uid)
    found = selectors.middle_instance(scope)
    if found is not None:
        states = selectors.series_states(scope)
        for draw in (
            partial(thumbnail, *found),
            partial(whole_picture, *found),
            partial(preview, scope, state_of(scope, states), PREPARED_BOX),
        ):
            # What cannot be drawn is told to whoever asks for it.
            with contextlib.suppress(Undecodable, FrameNotFound, OSError, Refused):
                draw()
    _write_document(Scope(series.study_instance_uid))
    Series.objects.filter(pk=series.pk).update(pictured_revision=series.revision)
    return True


def _for_a_while(
    seconds: float, found: list[SeriesToPrepare], prepare: Callable[[SeriesToPrepare, float], bool]
) -> int:
    """Prepare one after the other until the time is over; returns how many were finished."""
    end, finished = time.monotonic() + seconds, 0
    for series in found:
        finished += prepare(series, end)
        if time.monotonic() > end:
            break
    return finished


@contextlib.contextmanager
def _alone(work: str) -> Iterator[bool]:
    """Whether nobody else on this machine does the same work now; the lock ends with the process that holds it."""
    try:
        cache_folder().mkdir(mode=0o750, parents=True, exist_ok=True)
        lock = (cache_folder() / f"{work}{LOCK_SUFFIX}").open("ab")
    except OSError as error:
        logger.warning("Nothing is prepared", extra={"reason": error.strerror})
        yield False
        return
    with lock:
        yield _is_taken(lock.fileno())


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
