"""Commits what a process has accepted, in batches, behind the back of those who answer senders."""

import logging
import threading
import time
from typing import Final

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from dicomserver.archive import Archive, ArchiveError
from dicomserver.ingest.accepted import Accepted
from dicomserver.ingest.batches import commit_batch
from dicomserver.ingest.errors import IngestUnavailable, Reason
from dicomserver.ingest.quarantine import set_aside_file

logger = logging.getLogger(__name__)

# An accepted instance waits so long for others, so that a stream of them shares commits.
GATHER_SECONDS: Final = 0.05
MAX_BATCH: Final = 200
# Beyond this nothing is accepted until the database has caught up: some 20 MB of memory.
MAX_WAITING: Final = 10_000
RETRY_SECONDS: Final = 0.5


class Committer:
    """One process's queue of accepted instances and the thread that commits them."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._condition = threading.Condition()
        self._waiting: list[Accepted] = []
        self._committing = 0
        self._submitted = 0
        self._done = 0
        self._flushing = 0
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        # Why the archive did not take what was accepted, when it was last tried; and what the log says of it already.
        self._trouble = ""
        self._logged = ""

    @property
    def waiting(self) -> int:
        """How many accepted instances are not committed yet."""
        return len(self._waiting) + self._committing

    def require_room(self) -> None:
        """Raise IngestUnavailable where too many instances wait for the database already, or any for the archive."""
        if self._trouble:
            raise IngestUnavailable(self._trouble)
        if self.waiting >= MAX_WAITING:
            raise IngestUnavailable("The database cannot be used now.")

    def submit(self, accepted: Accepted) -> None:
        """Commit the instance soon."""
        with self._condition:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
                self._thread.start()
            self._waiting.append(accepted)
            self._submitted += 1
            if len(self._waiting) in (1, MAX_BATCH):
                self._condition.notify_all()

    def flush(self, timeout: float) -> bool:
        """Commit now what was submitted so far; whether that was done within so many seconds."""
        with self._condition:
            wanted = self._submitted
            if self._done >= wanted:
                return True
            self._flushing += 1
            self._condition.notify_all()
            try:
                return self._condition.wait_for(lambda: self._done >= wanted, timeout)
            finally:
                self._flushing -= 1

    def stop(self, timeout: float) -> bool:
        """Commit what waits, then end the thread; False where the database would not take it in time."""
        is_done = self.flush(timeout)
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=timeout)
        with self._condition:
            self._thread, self._is_stopping = None, False
        return is_done

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                while not self._commit(batch):
                    with self._condition:
                        if self._condition.wait_for(lambda: self._is_stopping, RETRY_SECONDS):
                            return
                with self._condition:
                    self._done += len(batch)
                    self._committing = 0
                    self._condition.notify_all()
        finally:
            connection.close()

    def _next_batch(self) -> list[Accepted]:
        """Wait for instances, and a moment for more; empty when there will be none."""
        with self._condition:
            self._condition.wait_for(lambda: self._waiting or self._is_stopping)
            deadline = time.monotonic() + GATHER_SECONDS
            self._condition.wait_for(
                lambda: len(self._waiting) >= MAX_BATCH or self._flushing or self._is_stopping,
                deadline - time.monotonic(),
            )
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            self._committing = len(batch)
            return batch

    def _commit(self, batch: list[Accepted]) -> bool:
        """Commit the batch; False where it must be tried again."""
        try:
            commit_batch(batch, self._archive)
        except (OperationalError, InterfaceError, ArchiveError) as error:
            self._log_once(type(error).__name__)
            self._trouble = str(error) if isinstance(error, ArchiveError) else ""
            connection.close()
            return False
        except Exception:
            logger.exception("A batch of accepted instances cannot be committed as a whole")
            settled = [self._commit_alone(one) for one in batch if one.outcome is None]
            return all(settled)
        self._trouble = ""
        if self._logged:
            logger.warning("Accepted instances are committed again")
            self._logged = ""
        return True

    def _log_once(self, reason: str) -> None:
        """Twice a second for hours would hide everything else."""
        if self._logged != reason:
            logger.warning("Accepted instances wait for their commit: %s", reason)
            self._logged = reason

    def _commit_alone(self, accepted: Accepted) -> bool:
        """Commit one instance of a batch that failed; what fails by itself is kept in quarantine."""
        try:
            try:
                commit_batch([accepted], self._archive)
            except (OperationalError, InterfaceError, ArchiveError):
                raise
            except Exception:
                logger.exception("An accepted instance cannot be committed")
                file_bytes = accepted.file.file_bytes
                set_aside_file(accepted.path, file_bytes, Reason.NOT_INDEXED, accepted.source, self._archive)
                accepted.path.unlink(missing_ok=True)
        except (DatabaseError, InterfaceError, ArchiveError, OSError):
            connection.close()
            return False
        return True


_lock = threading.Lock()
_committers: dict[str, Committer] = {}


def committer(archive: Archive) -> Committer:
    """The process's committer for the archive."""
    with _lock:
        return _committers.setdefault(str(archive.root), Committer(archive))
