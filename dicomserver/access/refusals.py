"""Tells the audit of refused tokens: the first at once, a flood of the same as one event each ten seconds."""

import logging
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from django.db import DatabaseError
from django.utils import timezone

from dicomserver.outbox.services import enqueue_access_event
from wire.events import AccessEvent
from wire.text import SHORT_LENGTH, clean

logger = logging.getLogger(__name__)

WINDOW_SECONDS: Final = 10.0
# Beyond so many kinds at once, refusals are told by their reason alone: memory stays bounded.
MAX_KINDS: Final = 1000
# Without a token of a known person any study can be named: beyond so many, the address alone is told.
MAX_UNPROVEN_STUDIES: Final = 50


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request whose token opened nothing; what is not known for sure is None."""

    reason: str
    remote_address: str
    sub: str | None = None
    session_id: str | None = None
    token_id: str | None = None
    study_instance_uid: str | None = None

    @property
    def kind(self) -> "Refusal":
        """What refusals of one flood have in common."""
        return replace(self, session_id=None, token_id=None)


@dataclass(slots=True)
class _Flood:
    """Refusals of one kind since the event of the first."""

    opened: float
    server_id: UUID
    last: Refusal
    began_at: datetime
    ended_at: datetime
    times: int = 0


class RefusalRecorder:
    """The refusals of one process; `flush` is called each second and at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._floods: dict[Refusal, _Flood] = {}

    def record(self, refusal: Refusal, *, server_id: UUID) -> None:
        """Tell of the refusal now, or count it where one of its kind was told of a moment ago."""
        moment, now = timezone.now(), time.monotonic()
        ended = None
        with self._lock:
            refusal = self._bounded(refusal)
            kind = refusal.kind
            flood = self._floods.get(kind)
            if flood is not None and now - flood.opened < WINDOW_SECONDS:
                flood.times += 1
                flood.last, flood.ended_at = refusal, moment
                flood.began_at = moment if flood.times == 1 else flood.began_at
                return
            ended = flood
            self._floods[kind] = _Flood(now, server_id, refusal, moment, moment)
        if ended is not None:
            _tell_rest(ended)
        _tell(refusal, server_id, refusal.reason, moment, None)

    def _bounded(self, refusal: Refusal) -> Refusal:
        """The refusal itself, or with less in it where telling it whole would let anybody flood the outbox."""
        if refusal.kind in self._floods:
            return refusal
        if refusal.sub is None and refusal.study_instance_uid is not None:
            unproven = sum(kind.sub is None and kind.study_instance_uid is not None for kind in self._floods)
            if unproven >= MAX_UNPROVEN_STUDIES:
                refusal = replace(refusal, study_instance_uid=None)
        is_known = refusal.kind in self._floods
        return refusal if is_known or len(self._floods) < MAX_KINDS else Refusal(refusal.reason, "")

    def flush(self, *, everything: bool = False) -> None:
        """Tell of what was counted in windows that are over, or in all."""
        with self._lock:
            horizon = time.monotonic() - WINDOW_SECONDS
            ended = [kind for kind, flood in self._floods.items() if everything or flood.opened <= horizon]
            floods = [self._floods.pop(kind) for kind in ended]
        for flood in floods:
            _tell_rest(flood)


def _tell_rest(flood: _Flood) -> None:
    if flood.times:
        reason = f"{flood.last.reason} ({flood.times} times)"
        _tell(flood.last, flood.server_id, reason, flood.began_at, flood.ended_at)


def _tell(refusal: Refusal, server_id: UUID, reason: str, occurred_at: datetime, ended_at: datetime | None) -> None:
    event = AccessEvent(
        message_id=uuid4(),
        server_id=server_id,
        kind="token_refused",
        sub=refusal.sub,
        session_id=refusal.session_id,
        token_id=refusal.token_id,
        study_instance_uid=refusal.study_instance_uid,
        occurred_at=occurred_at,
        ended_at=ended_at,
        instances=0,
        frames=0,
        sent_bytes=0,
        remote_address=clean(refusal.remote_address, SHORT_LENGTH),
        reason=reason,
    )
    try:
        enqueue_access_event(event)
    except DatabaseError:
        # The caller is refused all the same.
        logger.exception("A refused token could not be told to the audit", extra={"reason": reason})
