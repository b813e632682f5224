"""The log is filtered exactly and turned page by page without losing or repeating an event."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from audit import selectors
from audit.models import Action, AuditEvent, Outcome
from audit.selectors import (
    AuditFilters,
    Cursor,
    InvalidCursor,
    audit_events,
    audit_page,
    count_events,
    institutions_in_log,
    parse_cursor,
    rules_in_log,
)
from tests.audit.factories import CHEST, MORARU, NOON, PASCARU, make_event

pytestmark = pytest.mark.django_db


def found(**filters):
    return [event.pk for event in audit_events(AuditFilters(**filters))]


@pytest.fixture
def events():
    opened = make_event(minutes=0, study=CHEST, rule="radiologist_of_institution")
    denied = make_event(
        minutes=10, action=Action.ACCESS_DENIED, actor=MORARU, study=CHEST, outcome=Outcome.DENIED, rule="none"
    )
    signed_in = make_event(minutes=24 * 60, action=Action.SIGNED_IN, actor=MORARU)
    return opened.pk, denied.pk, signed_in.pk


def test_without_a_filter_all_is_listed_newest_first(events):
    opened, denied, signed_in = events
    assert found() == [signed_in, denied, opened]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"since": date(2026, 11, 21)}, [2]),
        ({"until": date(2026, 11, 20)}, [1, 0]),
        ({"since": date(2026, 11, 20), "until": date(2026, 11, 21)}, [2, 1, 0]),
        ({"since": date(2026, 11, 22)}, []),
        ({"person": "pascaru"}, [0]),
        ({"person": "Dr."}, [2, 1, 0]),
        ({"person": PASCARU.actor_id}, [0]),
        ({"person": "%"}, []),
        ({"patient": "NC-004417"}, [1, 0]),
        ({"patient": "2002 0620 3145 8"}, [1, 0]),
        ({"patient": "NC-00441"}, []),
        ({"patient": "nc-004417"}, []),
        ({"action": "signed_in"}, [2]),
        ({"institution": "Nistru Clinical"}, [1, 0]),
        ({"institution": "Codru Imaging"}, [2, 1]),
        ({"rule": "none"}, [1]),
        ({"denied": True}, [1]),
        ({"study_instance_uid": CHEST.study_instance_uid}, [1, 0]),
        ({"study_instance_uid": "1.2.826"}, []),
        ({"person": "moraru", "patient": "NC-004417"}, [1]),
        ({"person": "pascaru", "denied": True}, []),
    ],
)
def test_filter_lists_exactly_what_fits(events, filters, expected):
    assert found(**filters) == [events[index] for index in expected]
    assert count_events(AuditFilters(**filters)) == selectors.Count(len(expected), exact=True)


def test_days_are_those_of_the_readers_zone(events):
    make_event(minutes=-(14 * 60))  # 22:00 UTC on the 19th is the 20th in Chisinau
    with timezone.override("Europe/Chisinau"):
        assert len(found(since=date(2026, 11, 20), until=date(2026, 11, 20))) == 3
    with timezone.override("UTC"):
        assert len(found(since=date(2026, 11, 20), until=date(2026, 11, 20))) == 2


def older_pages(size):
    pages = [audit_page(AuditFilters(), None, size)]
    while pages[-1].next:
        pages.append(audit_page(AuditFilters(), parse_cursor(str(pages[-1].next)), size))
    return pages


@pytest.mark.parametrize("size", [1, 7, 40, 50, 119, 120, 121])
def test_pages_hold_each_of_120_events_once_in_both_directions(size):
    for number in range(120):
        make_event(minutes=number // 10)  # ten share each moment, so the id must decide
    everything = list(AuditEvent.objects.order_by("-occurred_at", "-id"))
    pages = older_pages(size)
    assert [event for page in pages for event in page.events] == everything
    assert [len(page.events) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert pages[0].previous is None
    assert pages[-1].next is None

    back = [pages[-1]]
    while back[-1].previous:
        back.append(audit_page(AuditFilters(), parse_cursor(str(back[-1].previous)), size))
    assert [event for page in reversed(back) for event in page.events] == everything


def test_events_added_meanwhile_do_not_shift_the_pages():
    for number in range(20):
        make_event(minutes=number)
    first = audit_page(AuditFilters(), None, 10)
    for number in range(20, 25):
        make_event(minutes=number)
    second = audit_page(AuditFilters(), first.next, 10)
    assert second.events == tuple(AuditEvent.objects.order_by("-occurred_at")[15:25])
    newer = audit_page(AuditFilters(), first.previous or Cursor("newer", NOON + timedelta(minutes=19), 10**9), 10)
    assert [event.occurred_at for event in newer.events] == [NOON + timedelta(minutes=n) for n in (24, 23, 22, 21, 20)]


def test_page_keeps_the_filter():
    for number in range(6):
        make_event(minutes=number, actor=PASCARU if number % 2 else MORARU)
    page = audit_page(AuditFilters(person="Moraru"), None, 2)
    rest = audit_page(AuditFilters(person="Moraru"), page.next, 2)
    assert [event.occurred_at for event in (*page.events, *rest.events)] == [
        NOON + timedelta(minutes=n) for n in (4, 2, 0)
    ]


def test_long_logs_are_not_counted_to_the_end(monkeypatch):
    monkeypatch.setattr(selectors, "COUNTED_EXACTLY", 3)
    for _number in range(3):
        make_event()
    assert count_events(AuditFilters()) == selectors.Count(3, exact=True)
    make_event()
    assert count_events(AuditFilters()) == selectors.Count(3, exact=False)


def test_choices_are_what_the_log_names(events):
    assert institutions_in_log() == ["Codru Imaging", "Nistru Clinical"]
    assert rules_in_log() == ["none", "radiologist_of_institution"]


def test_choices_of_an_empty_log_are_none():
    assert institutions_in_log() == []
    assert rules_in_log() == []


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "older.1.1",
        "b2xkZXI",
        "b2xkZXIuMS4x.",
        "é",
        "\x00",
        "A" * 5000,
        "bmV3ZXIuLTEuMQ",
        "b2xkZXIuOTk5OTk5OTk5OTk5OTk5OTk5LjE",
    ],
)
def test_foreign_cursor_is_refused(text):
    with pytest.raises(InvalidCursor):
        parse_cursor(text)


def test_cursor_survives_its_text():
    cursor = Cursor("older", NOON + timedelta(microseconds=123), 7)
    assert parse_cursor(str(cursor)) == cursor
    assert parse_cursor("") is None


def test_narrowing_filters_are_named():
    filters = AuditFilters(since=date(2026, 11, 20), patient="2002 0620", denied=True)
    assert filters.set_ones == {"since": date(2026, 11, 20), "patient": "2002 0620", "denied": True}
    assert filters.patient_identifiers == ["2002 0620", "20020620"]
    assert AuditFilters().patient_identifiers == []
