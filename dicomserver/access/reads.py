"""Counts what is read: the session's row stands before a pixel leaves, the counts are written each second."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.utils import timezone

# The row of an open session is made or continued; one that was reported meanwhile is left alone and a new one begins.
_CONTINUE: Final = """
    WITH session AS (
        INSERT INTO access_viewingsession AS session
            (session_id, sub, study_instance_uid, token_ids, frames, sent_bytes, first_read_at, last_read_at,
             remote_address, way, instances)
        VALUES (%(session_id)s, %(sub)s, %(study)s, %(token_ids)s, %(frames)s, %(sent_bytes)s, %(first)s, %(last)s,
                %(remote_address)s, %(way)s, 0)
        ON CONFLICT (session_id, sub, study_instance_uid) WHERE reported_at IS NULL DO UPDATE SET
            frames = session.frames + EXCLUDED.frames,
            sent_bytes = session.sent_bytes + EXCLUDED.sent_bytes,
            last_read_at = GREATEST(session.last_read_at, EXCLUDED.last_read_at),
            token_ids = session.token_ids || ARRAY(
                SELECT token_id FROM unnest(EXCLUDED.token_ids) AS token_id WHERE token_id <> ALL(session.token_ids)
            )
        RETURNING id
    )
    INSERT INTO access_readinstance (viewing_session_id, instance_pk)
    SELECT session.id, instance_pk FROM session, unnest(%(instance_pks)s::bigint[]) AS instance_pk
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads which study, by which token, from where.

    A machine has neither session nor token ID: both are empty, `sub` is its name as a peer, and `way` says how it
    gets the study, as in wire.events; a person has none.
    """

    session_id: str
    sub: str
    study_instance_uid: str
    token_id: str
    remote_address: str
    way: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What one row stands for."""
        return self.session_id, self.sub, self.study_instance_uid


@dataclass(slots=True)
class _Tally:
    """What a reader read since the last flush."""

    reader: Reader
    first: datetime
    last: datetime
    frames: int = 0
    sent_bytes: int = 0
    token_ids: dict[str, None] = field(default_factory=dict)
    instance_pks: set[int] = field(default_factory=set)

    def merge(self, other: "_Tally") -> None:
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.frames += other.frames
        self.sent_bytes += other.sent_bytes
        self.token_ids |= other.token_ids
        self.instance_pks |= other.instance_pks


class ReadRecorder:
    """The reads of one process; `flush` is called each second and at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, str, str], _Tally] = {}
        # When this process last saw the row of a session open.
        self._seen: dict[tuple[str, str, str], float] = {}

    def begin(self, reader: Reader, *, instance_pks: Iterable[int], frames: int) -> None:
        """Note a read that is about to be answered; the session's row is committed when this returns.

        Raises django.db.DatabaseError, and then nothing may be sent.
        """
        tally = _tally_of(reader)
        tally.frames = frames
        tally.instance_pks.update(instance_pks)
        with self._lock:
            seen = self._seen.get(reader.key)
        # A row seen a moment ago cannot have been closed for idleness meanwhile.
        if seen is None or time.monotonic() - seen > settings.VIEWING_SESSION_IDLE_SECONDS / 2:
            self._write(_tally_of(reader))
        with self._lock:
            self._add(tally)

    def add_bytes(self, reader: Reader, sent_bytes: int) -> None:
        """Note bytes that were sent."""
        tally = _tally_of(reader)
        tally.sent_bytes = sent_bytes
        with self._lock:
            self._add(tally)

    def flush(self) -> None:
        """Write the counts. Raises django.db.DatabaseError; what was not written is kept for the next time."""
        with self._lock:
            tallies, self._tallies = self._tallies, {}
            horizon = time.monotonic() - settings.VIEWING_SESSION_IDLE_SECONDS
            self._seen = {key: seen for key, seen in self._seen.items() if seen > horizon}
        while tallies:
            key, tally = tallies.popitem()
            try:
                self._write(tally)
            except BaseException:
                tallies[key] = tally
                with self._lock:
                    for kept in tallies.values():
                        self._add(kept)
                raise

    def _add(self, tally: _Tally) -> None:
        known = self._tallies.get(tally.reader.key)
        if known is None:
            self._tallies[tally.reader.key] = tally
        else:
            known.merge(tally)

    def _write(self, tally: _Tally) -> None:
        begun = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute(_CONTINUE, _values(tally))
        with self._lock:
            self._seen[tally.reader.key] = begun


def _tally_of(reader: Reader) -> _Tally:
    now = timezone.now()
    return _Tally(reader, now, now, token_ids={reader.token_id: None})


def _values(tally: _Tally) -> dict[str, Any]:
    reader = tally.reader
    return {
        "session_id": reader.session_id,
        "sub": reader.sub,
        "study": reader.study_instance_uid,
        "token_ids": list(tally.token_ids),
        "frames": tally.frames,
        "sent_bytes": tally.sent_bytes,
        "first": tally.first,
        "last": tally.last,
        "remote_address": reader.remote_address,
        "way": reader.way,
        "instance_pks": sorted(tally.instance_pks),
    }
