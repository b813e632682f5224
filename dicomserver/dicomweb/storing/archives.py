"""The archive into which this web process receives; its slots and what waits for commit end with the process."""

from functools import lru_cache
from multiprocessing import util
from typing import Final

from django.conf import settings

from dicomserver.archive import Archive
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.committing import committer

# What the database does not take in this time, the recovery completes.
STOP_SECONDS: Final = 5.0


def receiving_archive() -> Archive:
    """The archive in DICOM_SERVER_HOME, the same object in each request: it holds slots that were made ahead."""
    return _archive_of(settings.DICOM_SERVER_HOME, settings.ARCHIVE_RESERVE_BYTES, settings.ARCHIVE_DIRECT_WRITES)


@lru_cache(maxsize=4)
def _archive_of(*_settings: object) -> Archive:
    archive = configured_archive()
    # Workers of granian are children of multiprocessing, which end without running what `atexit` was given.
    util.Finalize(None, _close, args=(archive,), exitpriority=1)
    return archive


def _close(archive: Archive) -> None:
    committer(archive).stop(STOP_SECONDS)
    archive.close_intake()
