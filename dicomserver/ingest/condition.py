"""What keeps this server from storing: its archive, its database, and what waits between the two."""

import time
from dataclasses import dataclass
from typing import Final

from dicomserver.archive import Archive, ArchiveError
from dicomserver.index.condition import DatabaseTrouble, database_trouble

# Commits follow within 100 ms; what waits so long has something in its way.
LATE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Instances that were acknowledged, are durable, and are not in the index yet."""

    instances: int
    oldest_seconds: float

    @property
    def is_late(self) -> bool:
        """Whether something is in the way of their commit."""
        return self.oldest_seconds > LATE_SECONDS


@dataclass(frozen=True, slots=True)
class Condition:
    """What is the matter; None where nothing is. What waits cannot be told where the archive cannot be read."""

    archive: ArchiveError | None
    database: DatabaseTrouble | None
    waiting: Waiting | None


def condition_of(archive: Archive) -> Condition:
    """Look at everything once, by writing a little."""
    return Condition(_archive_error(archive), database_trouble(), _waiting(archive))


def _archive_error(archive: Archive) -> ArchiveError | None:
    try:
        archive.require_working()
    except ArchiveError as error:
        return error
    return None


def _waiting(archive: Archive) -> Waiting | None:
    try:
        moments = archive.waiting_since()
    except ArchiveError:
        return None
    return Waiting(len(moments), max(0.0, time.time() - min(moments)) if moments else 0.0)
