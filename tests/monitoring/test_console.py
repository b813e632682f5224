"""The console says in one word how each server is, and in one sentence what needs a person."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from monitoring.console import console_of, server_card
from monitoring.moments import clock
from monitoring.states import StateWord
from monitoring.troubles import WORDS
from tests.monitoring.factories import ServerStateFactory
from tests.portal.servers.factories import DicomServerFactory
from wire.heartbeats import Trouble

pytestmark = pytest.mark.django_db
TB = 10**12


@pytest.fixture(autouse=True)
def _at_night():
    with time_machine.travel("2026-11-20T00:47:09+00:00", tick=False):  # 02:47:09 in Chișinău
        yield


def card_of(state_or_server):
    server = getattr(state_or_server, "server", state_or_server)
    return server_card(server, timezone.now())


def test_a_server_that_speaks_works() -> None:
    card = card_of(
        ServerStateFactory(outbox_waiting=3, outbox_oldest_waiting_since=timezone.now() - timedelta(seconds=1))
    )
    assert (card.word, card.words) == (StateWord.WORKS, "Works")
    assert card.heard == "0.1.0, heartbeat 0 s ago"
    assert (card.disk, card.disk_used_percent) == ("1.2 TB free of 4 TB", 69)
    assert card.outbox == "3 waiting, 1 s"
    assert card.holds == "18\u202f240 studies, 9\u202f310\u202f044 images"
    assert card.set_aside == ""


def test_a_silent_server_is_unreachable_since_its_last_word() -> None:
    state = ServerStateFactory(server__last_contact_at=timezone.now() - timedelta(minutes=9, seconds=7))
    card = card_of(state)
    assert (card.word, card.words) == (StateWord.UNREACHABLE, "Unreachable since 02:38")
    assert card.heard == "0.1.0, last seen 02:38:02"


def test_a_server_silent_since_another_day_says_which() -> None:
    card = card_of(ServerStateFactory(server__last_contact_at=timezone.now() - timedelta(days=2)))
    assert card.words == "Unreachable since 18 Nov 02:47"


@pytest.mark.parametrize(
    ("free", "word"), [(0.11, StateWord.WORKS), (0.10, StateWord.DISK), (0.0, StateWord.DISK), (2.0, StateWord.WORKS)]
)
def test_a_disk_nearly_full_needs_somebody(free: float, word: StateWord) -> None:
    assert card_of(ServerStateFactory(archive_bytes_total=TB, archive_bytes_free=int(free * TB))).word is word


@pytest.mark.parametrize(("minutes", "word"), [(14, StateWord.WORKS), (15, StateWord.OUTBOX)])
def test_messages_that_wait_too_long_need_somebody(minutes: int, word: StateWord) -> None:
    since = timezone.now() - timedelta(minutes=minutes)
    card = card_of(ServerStateFactory(outbox_waiting=1204, outbox_oldest_waiting_since=since))
    assert card.word is word
    assert card.outbox == f"1\u202f204 waiting, {minutes} min"


@pytest.mark.parametrize(
    ("troubles", "words", "cause"),
    [
        (["archive_read_only"], "Disk read-only", "The archive is read-only."),
        (["archive_full", "instances_wait"], "Disk full", "The archive's disk has no room beyond its reserve."),
        (["database_full"], "Database", "The disk of the server's database is full."),
    ],
)
def test_what_keeps_a_server_from_storing_needs_somebody(troubles: list[str], words: str, cause: str) -> None:
    state = ServerStateFactory(troubles=troubles, archive_bytes_free=0)
    card = card_of(state)
    assert (card.word, card.words) == (StateWord.TROUBLE, words)
    alert, *others = console_of([state.server], now=timezone.now()).alerts
    assert [one.title for one in others] == (
        [] if "archive_full" in troubles else [f"{state.server.name}: disk nearly full"]
    )
    assert alert.title == f"{state.server.name}: {words.lower()}"
    assert alert.cause.startswith(cause)
    refused = "New images are refused for the moment." if "archive" in troubles[0] else "New images are kept"
    assert alert.effect.startswith(refused)


@pytest.mark.parametrize(
    ("ends", "words", "title"),
    [
        ({"days": 31}, "Works", None),
        ({"days": 29, "hours": 1}, "Certificate: 29 days", "a certificate ends"),
        ({"days": 1}, "Certificate: 1 day", "a certificate ends"),
        ({"minutes": -1}, "Certificate ended", "a certificate ended"),
    ],
)
def test_a_certificate_that_ends_needs_somebody(ends: dict[str, int], words: str, title: str | None) -> None:
    end = timezone.now() + timedelta(**ends)
    late = {"purpose": "dicom_tls_ca", "subject": "CN=Authority", "not_after": "2036-01-01T00:00:00Z"}
    own = {"purpose": "dicom_tls", "subject": "CN=pacs", "not_after": end.isoformat()}
    state = ServerStateFactory(certificates=[late, own])
    assert card_of(state).words == words
    alerts = console_of([state.server], now=timezone.now()).alerts
    assert [alert.title for alert in alerts] == ([] if title is None else [f"{state.server.name}: {title}"])
    if title is not None:
        (alert,) = alerts
        assert alert.cause.startswith("The server’s certificate for DICOM by TLS (CN=pacs) end")
        assert alert.advice == "Put a new certificate in its place; the server reads it by itself."


def test_a_certificate_that_ended_comes_before_a_full_disk_and_one_that_ends_after_it() -> None:
    for days, word in ((-1, StateWord.CERTIFICATE), (3, StateWord.DISK)):
        not_after = (timezone.now() + timedelta(days=days)).isoformat()
        certificates = [{"purpose": "dicom_tls", "subject": "CN=pacs", "not_after": not_after}]
        assert card_of(ServerStateFactory(certificates=certificates, archive_bytes_free=0)).word is word


def test_there_are_words_for_every_trouble() -> None:
    assert set(WORDS) == set(Trouble)


def test_a_server_that_never_spoke_is_not_said_to_be_unreachable() -> None:
    card = card_of(DicomServerFactory())
    assert (card.word, card.words) == (StateWord.NEVER_HEARD, "Not heard yet")
    assert (card.disk, card.disk_used_percent, card.outbox, card.holds) == ("unknown", None, "unknown", "unknown")


def test_what_was_set_aside_is_said() -> None:
    assert card_of(ServerStateFactory(conflicts=1, quarantined=2)).set_aside == "1 conflict, 2 not understood"


def test_an_unknown_disk_is_not_taken_for_a_full_one() -> None:
    card = card_of(ServerStateFactory(archive_bytes_total=0, archive_bytes_free=0))
    assert (card.word, card.disk) == (StateWord.WORKS, "unknown")


def test_the_title_counts_what_needs_somebody_and_puts_it_first() -> None:
    works = ServerStateFactory(server__name="A").server
    disk = ServerStateFactory(server__name="B", archive_bytes_free=0).server
    away = ServerStateFactory(server__name="C", server__last_contact_at=timezone.now() - timedelta(minutes=9)).server
    console = console_of([works, disk, away])
    assert console.title == "2 things need you"
    assert console.second_line == "1 of 3 servers work."
    assert [card.server.name for card in console.cards] == ["C", "B", "A"]
    assert [(alert.title, alert.cause) for alert in console.alerts] == [
        ("C: server unreachable", "No heartbeat since 02:38:09."),
        ("B: disk nearly full", "0 B free of 4 TB."),
    ]
    assert console.alerts[0].since == away.last_contact_at


@pytest.mark.parametrize(
    ("count", "title"), [(0, "No server is connected yet"), (1, "The server works"), (6, "All 6 servers work")]
)
def test_calm_is_said_too(count: int, title: str) -> None:
    console = console_of([ServerStateFactory().server for _ in range(count)])
    assert (console.title, console.alerts) == (title, ())


def test_one_thing_is_one_thing() -> None:
    assert console_of([DicomServerFactory()]).title == "1 thing needs you"


def test_where_all_work_nothing_needs_anybody() -> None:
    servers = [ServerStateFactory().server for _ in range(2)]
    assert console_of(servers).second_line == "Nothing needs you."


def test_totals_are_of_all_servers() -> None:
    servers = [ServerStateFactory(number_of_studies=7, number_of_instances=600, outbox_waiting=2).server for _ in "ab"]
    totals = {total.label: total.value for total in console_of(servers).totals}
    assert totals == {
        "Servers": "2",
        "Studies": "14",
        "Images": "1\N{NARROW NO-BREAK SPACE}200",
        "Messages waiting": "4",
    }


def machine(name: str, since: datetime | None) -> dict[str, object]:
    """A watched machine as a heartbeat tells of it."""
    now = timezone.now().isoformat()
    return {
        "name": name,
        "ae_title": name.upper(),
        "reachable": since is None,
        "checked_at": now,
        "answer_milliseconds": 12 if since is None else None,
        "reachable_at": None,
        "unreachable_since": since.isoformat() if since else None,
    }


def test_a_machine_that_does_not_answer_is_named_with_since_when() -> None:
    since = timezone.now() - timedelta(hours=2)
    state = ServerStateFactory(equipment=[machine("CT 2", since), machine("PACS", None), machine("MR", None)])
    silent, others = card_of(state).equipment
    assert (silent.words, silent.needs_look) == (f"CT 2 unreachable since {clock(since)}", True)
    assert (others.words, others.needs_look) == ("2 machines answer", False)
    assert card_of(state).word is StateWord.WORKS, "a modality that is switched off is no trouble of the server"


def test_many_silent_machines_do_not_make_the_card_long() -> None:
    since = timezone.now() - timedelta(minutes=1)
    state = ServerStateFactory(equipment=[machine(f"CT {count}", since) for count in range(7)])
    lines = card_of(state).equipment
    assert [line.words for line in lines[5:]] == ["and 2 more"]


def test_no_line_stands_for_what_is_not_watched_or_forwarded() -> None:
    card = card_of(ServerStateFactory())
    assert (card.equipment, card.forwarding) == ((), None)


@pytest.mark.parametrize(
    ("figures", "words", "needs_look"),
    [
        ({}, "all sent", False),
        ({"waiting": 1200}, "1\u202f200 waiting, 5 min", False),
        ({"waiting": 3, "parked": 1}, "3 waiting, 5 min, 1 refused", True),
        ({"waiting": 3, "unreachable": 1}, "3 waiting, 5 min, 1 destination takes nothing", True),
        ({"unreachable": 2}, "2 destinations take nothing", True),
        ({"uncommitted": 40}, "40 not confirmed yet", False),
    ],
)
def test_what_waits_to_be_sent_on_is_one_line(figures: dict[str, int], words: str, needs_look: bool) -> None:
    since = (timezone.now() - timedelta(minutes=5)).isoformat()
    none = dict.fromkeys(("waiting", "parked", "uncommitted", "unreachable"), 0)
    line = card_of(ServerStateFactory(forwarding=none | {"oldest_waiting_since": since} | figures)).forwarding
    assert line is not None
    assert (line.words, line.needs_look) == (words, needs_look)
