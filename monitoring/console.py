"""The console as values: each server with one word for its state, and what needs a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from monitoring.alerts import Alert
from monitoring.attention import alerts_for
from monitoring.certificates import next_end, words_of_end
from monitoring.display import disk_words, holds_words, outbox_words, set_aside_words
from monitoring.models import ServerState
from monitoring.moments import clock
from monitoring.states import StateWord, state_of, state_word, used_share
from monitoring.transfers import Line, equipment_lines, forwarding_line
from monitoring.troubles import words_of
from portal.servers.models import DicomServer
from portal.studies.display import number

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
    alerts = alerts_for((card.server for card in cards), moment)
    working = sum(card.word is StateWord.WORKS for card in cards)
    return Console(
        title=_title(len(cards), len(alerts)),
        second_line=_second_line(len(cards), working, len(alerts)),
        alerts=alerts,
        cards=tuple(cards),
        totals=_totals(cards),
        now=moment,
    )


def server_card(server: DicomServer, now: datetime) -> ServerCard:
    """Return the card of one server, with the last known values."""
    state = state_of(server)
    word = state_word(server, state, now)
    used = used_share(state)
    return ServerCard(
        server=server,
        word=word,
        words=_words(word, server, state, now),
        heard=_heard(server, now),
        disk_used_percent=None if used is None else round(used * 100),
        disk=disk_words(state),
        outbox=outbox_words(state, now),
        holds=holds_words(state),
        last_received_at=state.last_received_at if state else None,
        set_aside=set_aside_words(state),
        forwarding=forwarding_line(state, now),
        equipment=equipment_lines(state),
    )


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


def _totals(cards: list[ServerCard]) -> tuple[Total, ...]:
    states = [state_of(card.server) for card in cards]
    known = [state for state in states if state is not None]
    return (
        Total(gettext("Servers"), number(len(cards))),
        Total(gettext("Studies"), number(sum(state.number_of_studies for state in known))),
        Total(gettext("Images"), number(sum(state.number_of_instances for state in known))),
        Total(gettext("Messages waiting"), number(sum(state.outbox_waiting for state in known))),
    )


def _title(servers: int, alerts: int) -> str:
    if alerts:
        words = ngettext("%(count)s thing needs you", "%(count)s things need you", alerts)
        return words % {"count": number(alerts)}
    if not servers:
        return gettext("No server is connected yet")
    words = ngettext("The server works", "All %(count)s servers work", servers)
    return words % {"count": number(servers)}


def _second_line(servers: int, working: int, alerts: int) -> str:
    if not servers:
        return gettext("Make an enrolment code, and enrol a DICOM Server with it.")
    if not alerts:
        return gettext("Nothing needs you.")
    words = ngettext("%(working)s of %(servers)s server works.", "%(working)s of %(servers)s servers work.", servers)
    return words % {"working": number(working), "servers": number(servers)}
