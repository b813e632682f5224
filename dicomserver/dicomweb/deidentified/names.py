"""Finds what a mapped UID stands for: only among what is shown of the study, so that no other UID leads anywhere."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.dicomweb.deidentified.selectors import shown_uids
from dicomserver.dicomweb.selectors import study_revision

# All disguises of one process together; an instance takes some 300 bytes.
MAX_UIDS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Names:
    """The originals by mapped UID, as the study was at a revision; an instance is told by its series' UID too."""

    revision: int | None
    series: dict[str, str]
    instances: dict[tuple[str, str], str]

    @property
    def weight(self) -> int:
        """How many UIDs it holds."""
        return 1 + len(self.series) + len(self.instances)


class NameMemory:
    """The names that one process remembers; those not asked for longest go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: OrderedDict[str, Names] = OrderedDict()
        self._weight = 0

    def originals(self, disguise: Disguise, series: str, instance: str | None) -> tuple[str, str | None] | None:
        """The UIDs of the series and of the instance in it; None where nothing shown has these mapped UIDs.

        Raises django.db.DatabaseError.
        """
        with self._lock:
            names = self._names.get(disguise.digest)
            if names is not None:
                self._names.move_to_end(disguise.digest)
        found = _found(names, series, instance)
        if found is not None:
            return found
        # Read before what it is the revision of.
        revision = study_revision(disguise.study_instance_uid)
        if names is not None and names.revision == revision:
            return None
        names = _names_of(disguise, revision)
        self._remember(disguise.digest, names)
        return _found(names, series, instance)

    def _remember(self, digest: str, names: Names) -> None:
        with self._lock:
            older = self._names.pop(digest, None)
            self._weight += names.weight - (older.weight if older else 0)
            self._names[digest] = names
            while self._weight > MAX_UIDS and len(self._names) > 1:
                _, oldest = self._names.popitem(last=False)
                self._weight -= oldest.weight


def _found(names: Names | None, series: str, instance: str | None) -> tuple[str, str | None] | None:
    if names is None or series not in names.series:
        return None
    if instance is None:
        return names.series[series], None
    original = names.instances.get((series, instance))
    return None if original is None else (names.series[series], original)


def _names_of(disguise: Disguise, revision: int | None) -> Names:
    series: dict[str, str] = {}
    instances: dict[tuple[str, str], str] = {}
    for series_instance_uid, sop_instance_uid in shown_uids(disguise.study_instance_uid):
        mapped = disguise.uid(series_instance_uid)
        series[mapped] = series_instance_uid
        instances[mapped, disguise.uid(sop_instance_uid)] = sop_instance_uid
    return Names(revision, series, instances)


memory: Final = NameMemory()
