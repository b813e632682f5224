"""The one word for how a DICOM Server is, as its card says it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from monitoring.certificates import next_end
from monitoring.models import ServerState
from portal.servers.models import DicomServer

DISK_NEARLY_FULL: Final = 0.9
"""Share of the archive's volume in use from which somebody must act."""
OUTBOX_LATE_AFTER: Final = timedelta(minutes=15)
"""A server that is heard from but keeps messages this long cannot deliver them."""


class StateWord(StrEnum):
    """What a server's card says; the value names the mark and the colour."""

    WORKS = "works"
    DISK = "disk"
    OUTBOX = "outbox"
    CERTIFICATE = "certificate"
    TROUBLE = "trouble"
    UNREACHABLE = "unreachable"
    NEVER_HEARD = "never_heard"


def state_of(server: DicomServer) -> ServerState | None:
    """What the server's newest heartbeat said; None where it sent none."""
    return getattr(server, "state", None)


def state_word(server: DicomServer, state: ServerState | None, now: datetime) -> StateWord:
    """Return the one word for a server, the worst first."""
    if server.last_contact_at is None:
        return StateWord.NEVER_HEARD
    if not server.is_reachable(now):
        return StateWord.UNREACHABLE
    if state is not None and state.troubles:
        return StateWord.TROUBLE
    end = next_end(state, now)
    if end is not None and end.has_ended(now):
        return StateWord.CERTIFICATE
    if is_nearly_full(state):
        return StateWord.DISK
    if is_outbox_late(state, now):
        return StateWord.OUTBOX
    return StateWord.WORKS if end is None else StateWord.CERTIFICATE


def used_share(state: ServerState | None) -> float | None:
    """How much of the archive's volume is in use, from 0 to 1; None where that is not known."""
    if state is None or not state.archive_bytes_total:
        return None
    used = state.archive_bytes_total - min(state.archive_bytes_free, state.archive_bytes_total)
    return used / state.archive_bytes_total


def is_nearly_full(state: ServerState | None) -> bool:
    """Whether somebody has to make room."""
    used = used_share(state)
    return used is not None and used >= DISK_NEARLY_FULL


def is_outbox_late(state: ServerState | None, now: datetime) -> bool:
    """Whether messages wait so long that the server cannot deliver them."""
    since = state.outbox_oldest_waiting_since if state else None
    return since is not None and now - since >= OUTBOX_LATE_AFTER
