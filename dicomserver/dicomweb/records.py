"""What one web process notes of reads and refusals, and the thread that writes it down each second."""

import logging
import threading
from multiprocessing import util
from typing import Final

from django.db import close_old_connections, connection

from dicomserver.access.reads import ReadRecorder
from dicomserver.access.refusals import RefusalRecorder
from dicomserver.access.revocations import RevocationList

logger = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 1.0

reads: Final = ReadRecorder()
refusals: Final = RefusalRecorder()
revocations: Final = RevocationList()

_stopped = threading.Event()
# The end of the process waits for what the thread is writing.
_writing = threading.Lock()


def start_writing() -> None:
    """Write down each second what was noted, and once more when the process ends."""
    threading.Thread(target=_write_for_ever, name="access-records", daemon=True).start()
    # Workers of granian are children of multiprocessing, which end without running what `atexit` was given.
    util.Finalize(None, _write_last, exitpriority=0)


def _write_for_ever() -> None:
    while not _stopped.wait(FLUSH_SECONDS):
        close_old_connections()
        _write(everything=False)


def _write_last() -> None:
    _stopped.set()
    _write(everything=True)
    connection.close()


def _write(*, everything: bool) -> None:
    with _writing:
        try:
            reads.flush()
            refusals.flush(everything=everything)
        except Exception:
            # The thread must outlive any error: without it, counts would stay in memory.
            logger.exception("What was read could not be written down yet")
