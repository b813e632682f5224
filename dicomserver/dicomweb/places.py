"""Remembers for a moment where instances lie: a reader asks for one slice after the other, or one frame after it.

What is stored never changes, but for a lost file that was sent again: then its head, and with it the file, may have
another length. So a remembered place is believed while the file has the size that goes with it, and not for long.
"""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dicomserver.dicomweb import selectors
from dicomserver.dicomweb.selectors import Scope, StoredInstance
from dicomserver.dicomweb.storage import is_as_indexed
from dicomserver.index.frames import FrameTable

REMEMBER_SECONDS: Final = 10.0
# A place weighs 1, and 1 more for so many frames, of which compressed ones take some 150 bytes each.
FRAMES_A_WEIGHT: Final = 20
MAX_WEIGHT: Final = 5000


@dataclass(slots=True)
class Place:
    """Where an instance is, and its frames; the stored form of the frame table is read when it is needed."""

    stored: StoredInstance
    table_json: str | None
    until: float
    read_table: FrameTable | None = None

    @property
    def frame_table(self) -> FrameTable | None:
        """Where its frames are; None where it has none."""
        if self.read_table is None and self.table_json is not None:
            self.read_table = FrameTable.from_json(json.loads(self.table_json))
        return self.read_table

    @property
    def weight(self) -> int:
        """About how much memory it takes, in kilobytes."""
        return 1 + (self.stored.number_of_frames or 0) // FRAMES_A_WEIGHT


class PlaceMemory:
    """The places that one process remembers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: OrderedDict[Scope, Place] = OrderedDict()
        self._weight = 0
        # Series of which one instance was looked up of late: whoever asks for a second one will ask for more.
        self._begun: OrderedDict[tuple[str, str | None], float] = OrderedDict()

    def find(self, scope: Scope) -> Place | None:
        """One instance's place; None where there is no such instance. Raises django.db.DatabaseError."""
        now = time.monotonic()
        with self._lock:
            place = self._places.get(scope)
        if place is not None and place.until > now and is_as_indexed(place.stored):
            return place
        found = selectors.places(scope, with_neighbours=self._is_begun(scope, now))
        wanted = None
        with self._lock:
            for stored, table_json in found:
                where = Scope(scope.study_instance_uid, stored.series_instance_uid, stored.sop_instance_uid)
                place = Place(stored, table_json, now + REMEMBER_SECONDS)
                self._remember(where, place)
                if where == scope:
                    wanted = place
        return wanted

    def find_several(self, series: Scope, sop_instance_uids: Iterable[str]) -> dict[str, Place]:
        """The places of these instances by UID, without those that the series has not. Raises DatabaseError."""
        now = time.monotonic()
        study_uid, series_uid, _ = series
        with self._lock:
            known = {uid: self._places.get(Scope(study_uid, series_uid, uid)) for uid in sop_instance_uids}
        found = {uid: place for uid, place in known.items() if place and place.until > now}
        found = {uid: place for uid, place in found.items() if is_as_indexed(place.stored)}
        lacking = [uid for uid in known if uid not in found]
        if not lacking:
            return found
        rows = selectors.several_places(series, lacking, with_neighbours=self._is_begun(series, now))
        with self._lock:
            for stored, table_json in rows:
                place = Place(stored, table_json, now + REMEMBER_SECONDS)
                self._remember(Scope(study_uid, series_uid, stored.sop_instance_uid), place)
                if stored.sop_instance_uid in known:
                    found[stored.sop_instance_uid] = place
        return found

    def _is_begun(self, scope: Scope, now: float) -> bool:
        series = (scope.study_instance_uid, scope.series_instance_uid)
        with self._lock:
            begun = self._begun.pop(series, None)
            self._begun[series] = now
            while len(self._begun) > MAX_WEIGHT:
                self._begun.popitem(last=False)
        return begun is not None and now - begun < REMEMBER_SECONDS

    def _remember(self, where: Scope, place: Place) -> None:
        older = self._places.pop(where, None)
        self._weight += place.weight - (older.weight if older else 0)
        self._places[where] = place
        while self._weight > MAX_WEIGHT and len(self._places) > 1:
            _, oldest = self._places.popitem(last=False)
            self._weight -= oldest.weight


memory: Final = PlaceMemory()
