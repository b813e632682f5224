"""The console as values: each server with one word for its state, and what needs a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from monitoring.certificates import cause_of_end, effect_of_end, next_end, words_of_end
from monitoring.models import ServerState
from monitoring.moments import clock, duration
from monitoring.transfers import Line, equipment_lines, forwarding_line
from monitoring.troubles import is_refusing, words_of
from portal.servers.models import DicomServer
from portal.studies.display import bytes_text, number

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


_URGENCY: Final = tuple(reversed(StateWord))


@dataclass(frozen=True)
class ServerCard:
    """One server as its card shows it; "" where nothing is known."""

    server: DicomServer
    word: StateWord
    words: str
    heard: str
    """Version and last heartbeat."""
    disk_used_percent: int | None
    disk: str
    outbox: str
    holds: str
    last_received_at: datetime | None
    set_aside: str
    """Conflicts and what could not be understood; "" where there is nothing."""
    forwarding: Line | None
    equipment: tuple[Line, ...]


@dataclass(frozen=True)
class Alert:
    """One thing that needs a person: what, since when, the cause in a sentence, the effect on readers."""

    word: StateWord
    title: str
    since: datetime | None
    cause: str
    effect: str


@dataclass(frozen=True)
class Total:
    """One number over all servers, with its label."""

    label: str
    value: str


@dataclass(frozen=True)
class Console:
    """All of the page."""

    title: str
    second_line: str
    alerts: tuple[Alert, ...]
    cards: tuple[ServerCard, ...]
    totals: tuple[Total, ...]
    now: datetime


def console_of(servers: list[DicomServer], *, now: datetime | None = None) -> Console:
    """Return the console for these servers, those in trouble first."""
    moment = now or timezone.now()
    cards = sorted((server_card(server, moment) for server in servers), key=lambda card: _URGENCY.index(card.word))
    alerts = tuple(_alert(card, moment) for card in cards if card.word is not StateWord.WORKS)
    working = sum(card.word is StateWord.WORKS for card in cards)
    return Console(
        title=_title(len(cards), len(alerts)),
        second_line=_second_line(len(cards), working),
        alerts=alerts,
        cards=tuple(cards),
        totals=_totals(cards),
        now=moment,
    )


def server_card(server: DicomServer, now: datetime) -> ServerCard:
    """Return the card of one server, with the last known values."""
    state: ServerState | None = getattr(server, "state", None)
    word = state_word(server, state, now)
    used = _used_share(state)
    return ServerCard(
        server=server,
        word=word,
        words=_words(word, server, state, now),
        heard=_heard(server, now),
        disk_used_percent=None if used is None else round(used * 100),
        disk=_disk(state),
        outbox=_outbox(state, now),
        holds=_holds(state),
        last_received_at=state.last_received_at if state else None,
        set_aside=_set_aside(state),
        forwarding=forwarding_line(state, now),
        equipment=equipment_lines(state),
    )


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
    used = _used_share(state)
    if used is not None and used >= DISK_NEARLY_FULL:
        return StateWord.DISK
    waiting_since = state.outbox_oldest_waiting_since if state else None
    if waiting_since is not None and now - waiting_since >= OUTBOX_LATE_AFTER:
        return StateWord.OUTBOX
    return StateWord.WORKS if end is None else StateWord.CERTIFICATE


def _words(word: StateWord, server: DicomServer, state: ServerState | None, now: datetime) -> str:
    if word is StateWord.TROUBLE and state is not None:
        return str(words_of(state.troubles).short)
    end = next_end(state, now)
    if word is StateWord.CERTIFICATE and end is not None:
        return words_of_end(end, now)
    if word is StateWord.UNREACHABLE and server.last_contact_at is not None:
        return gettext("Unreachable since %(time)s") % {"time": clock(server.last_contact_at)}
    return {
        StateWord.WORKS: gettext("Works"),
        StateWord.DISK: gettext("Disk"),
        StateWord.OUTBOX: gettext("Messages wait"),
    }.get(word, gettext("Not heard yet"))


def _heard(server: DicomServer, now: datetime) -> str:
    if server.last_contact_at is None:
        return server.version
    if server.is_reachable(now):
        seconds = max(int((now - server.last_contact_at).total_seconds()), 0)
        last = ngettext("heartbeat %(count)s s ago", "heartbeat %(count)s s ago", seconds) % {"count": seconds}
    else:
        last = gettext("last seen %(time)s") % {"time": clock(server.last_contact_at, seconds=True)}
    return ", ".join(filter(None, (server.version, last)))


def _used_share(state: ServerState | None) -> float | None:
    if state is None or not state.archive_bytes_total:
        return None
    used = state.archive_bytes_total - min(state.archive_bytes_free, state.archive_bytes_total)
    return used / state.archive_bytes_total


def _disk(state: ServerState | None) -> str:
    if state is None or not state.archive_bytes_total:
        return gettext("unknown")
    return gettext("%(free)s free of %(total)s") % {
        "free": bytes_text(state.archive_bytes_free),
        "total": bytes_text(state.archive_bytes_total),
    }


def _outbox(state: ServerState | None, now: datetime) -> str:
    if state is None:
        return gettext("unknown")
    if not state.outbox_waiting:
        return gettext("empty")
    waiting = gettext("%(count)s waiting") % {"count": number(state.outbox_waiting)}
    if state.outbox_oldest_waiting_since is None:
        return waiting
    return f"{waiting}, {duration(now - state.outbox_oldest_waiting_since)}"


def _holds(state: ServerState | None) -> str:
    if state is None:
        return gettext("unknown")
    studies = ngettext("%(count)s study", "%(count)s studies", state.number_of_studies)
    images = ngettext("%(count)s image", "%(count)s images", state.number_of_instances)
    return ", ".join(
        (
            studies % {"count": number(state.number_of_studies)},
            images % {"count": number(state.number_of_instances)},
        )
    )


def _set_aside(state: ServerState | None) -> str:
    if state is None:
        return ""
    parts = []
    if state.conflicts:
        words = ngettext("%(count)s conflict", "%(count)s conflicts", state.conflicts)
        parts.append(words % {"count": number(state.conflicts)})
    if state.quarantined:
        words = ngettext("%(count)s not understood", "%(count)s not understood", state.quarantined)
        parts.append(words % {"count": number(state.quarantined)})
    return ", ".join(parts)


def _totals(cards: list[ServerCard]) -> tuple[Total, ...]:
    states: list[ServerState | None] = [getattr(card.server, "state", None) for card in cards]
    known = [state for state in states if state is not None]
    return (
        Total(gettext("Servers"), number(len(cards))),
        Total(gettext("Studies"), number(sum(state.number_of_studies for state in known))),
        Total(gettext("Images"), number(sum(state.number_of_instances for state in known))),
        Total(gettext("Messages waiting"), number(sum(state.outbox_waiting for state in known))),
    )


def _alert(card: ServerCard, now: datetime) -> Alert:
    name = {"server": card.server.name}
    state: ServerState | None = getattr(card.server, "state", None)
    if card.word is StateWord.TROUBLE and state is not None:
        return _trouble_alert(card, state)
    end = next_end(state, now)
    if card.word is StateWord.CERTIFICATE and end is not None:
        title = (
            gettext("%(server)s: a certificate ended")
            if end.has_ended(now)
            else gettext("%(server)s: a certificate ends")
        )
        return Alert(card.word, title % name, None, cause_of_end(end, now), effect_of_end(end, now))
    if card.word is StateWord.DISK:
        return Alert(
            card.word,
            gettext("%(server)s: disk nearly full") % name,
            None,
            f"{card.disk}.",
            gettext("New images are refused once it is full. What is stored stays readable."),
        )
    if card.word is StateWord.OUTBOX:
        since = state.outbox_oldest_waiting_since if state else now
        return Alert(
            card.word,
            gettext("%(server)s: messages wait") % name,
            since,
            gettext("The server is heard from, but cannot deliver what it stored: %(outbox)s.")
            % {"outbox": card.outbox},
            gettext("New studies appear on worklists when it can. Nothing is lost."),
        )
    if card.word is StateWord.NEVER_HEARD:
        return Alert(
            card.word,
            gettext("%(server)s: not heard yet") % name,
            card.server.enrolled_at,
            gettext("It enrolled and has sent no heartbeat since. Start its worker and its scheduler."),
            gettext("No study of it can be opened."),
        )
    return Alert(
        card.word,
        gettext("%(server)s: server unreachable") % name,
        card.server.last_contact_at,
        gettext("No heartbeat since %(time)s.")
        % {"time": clock(card.server.last_contact_at, seconds=True) if card.server.last_contact_at else ""},
        gettext("Its studies cannot be opened from outside the hospital. New images wait there and follow later."),
    )


def _trouble_alert(card: ServerCard, state: ServerState) -> Alert:
    words = words_of(state.troubles)
    return Alert(
        card.word,
        gettext("%(server)s: %(trouble)s") % {"server": card.server.name, "trouble": str(words.short).lower()},
        None,
        str(words.cause),
        gettext("New images are refused for the moment. What is stored stays readable, and nothing is lost.")
        if is_refusing(state.troubles)
        else gettext("New images are kept and appear on worklists later. Nothing is lost."),
    )


def _title(servers: int, alerts: int) -> str:
    if alerts:
        words = ngettext("%(count)s thing needs you", "%(count)s things need you", alerts)
        return words % {"count": number(alerts)}
    if not servers:
        return gettext("No server is connected yet")
    words = ngettext("The server works", "All %(count)s servers work", servers)
    return words % {"count": number(servers)}


def _second_line(servers: int, working: int) -> str:
    if not servers:
        return gettext("Make an enrolment code, and enrol a DICOM Server with it.")
    if working == servers:
        return gettext("Nothing needs you.")
    words = ngettext("%(working)s of %(servers)s server works.", "%(working)s of %(servers)s servers work.", servers)
    return words % {"working": number(working), "servers": number(servers)}
