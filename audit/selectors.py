"""Reads the log: filtered, newest first, page by page by the key of the last row seen."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit.models import AuditEvent, Outcome

PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 200
COUNTED_EXACTLY: Final = 10_000
"""More events than these are not counted to the end: the table grows for ever."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR: Final = re.compile(r"(older|newer)\.([0-9]{1,18})\.([0-9]{1,18})")


@dataclass(frozen=True)
class AuditFilters:
    """Which events are wanted; what is empty does not narrow. Dates are days of the reader's zone, both included."""

    since: date | None = None
    until: date | None = None
    person: str = ""
    patient: str = ""
    action: str = ""
    institution: str = ""
    rule: str = ""
    study_instance_uid: str = ""
    denied: bool = False

    @property
    def set_ones(self) -> dict[str, object]:
        """The filters that narrow, by name, for the record of who looked for what."""
        return {name: value for name, value in vars(self).items() if value}

    @property
    def patient_identifiers(self) -> list[str]:
        """The ID as typed, and without the spaces that people read it with."""
        return list(dict.fromkeys([self.patient, "".join(self.patient.split())])) if self.patient else []


class InvalidCursor(ValueError):
    """The cursor was not made by this log."""


@dataclass(frozen=True)
class Cursor:
    """A place between two events: what is older, or newer, than the event of this key."""

    direction: Literal["older", "newer"]
    occurred_at: datetime
    id: int

    def __str__(self) -> str:
        microseconds = (self.occurred_at - _EPOCH) // timedelta(microseconds=1)
        return base64.urlsafe_b64encode(f"{self.direction}.{microseconds}.{self.id}".encode()).decode().rstrip("=")


@dataclass(frozen=True)
class AuditPage:
    """Some events, newest first, and the cursors to what is older (`next`) and newer (`previous`)."""

    events: tuple[AuditEvent, ...]
    next: Cursor | None
    previous: Cursor | None


@dataclass(frozen=True)
class Count:
    """How many events there are; where not `exact`, there are more than `number`."""

    number: int
    exact: bool


def parse_cursor(text: str) -> Cursor | None:
    """The cursor that `str(cursor)` wrote; None for an empty text. Raises InvalidCursor."""
    if not text:
        return None
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
        match = _CURSOR.fullmatch(plain)
        if match is None:
            raise InvalidCursor("The cursor is not one of this log.")
        occurred_at = _EPOCH + timedelta(microseconds=int(match[2]))
    except (ValueError, binascii.Error, OverflowError) as error:
        raise InvalidCursor("The cursor is not one of this log.") from error
    return Cursor("older" if match[1] == "older" else "newer", occurred_at, int(match[3]))


def audit_events(filters: AuditFilters) -> QuerySet[AuditEvent]:
    """The events that fit all filters, newest first."""
    events = AuditEvent.objects.order_by("-occurred_at", "-id")
    if filters.since:
        events = events.filter(occurred_at__gte=_midnight(filters.since))
    if filters.until:
        events = events.filter(occurred_at__lt=_midnight(filters.until + timedelta(days=1)))
    if filters.person:
        events = events.filter(Q(actor_id=filters.person) | Q(actor_name__icontains=filters.person))
    if filters.patient:
        events = events.filter(patient_identifiers__overlap=filters.patient_identifiers)
    if filters.institution:
        events = events.filter(Q(institution=filters.institution) | Q(actor_institution=filters.institution))
    if filters.denied:
        events = events.filter(outcome=Outcome.DENIED)
    exact = {"action": filters.action, "rule": filters.rule, "study_instance_uid": filters.study_instance_uid}
    return events.filter(**{name: value for name, value in exact.items() if value})


def audit_page(filters: AuditFilters, cursor: Cursor | None = None, size: int = PAGE_SIZE) -> AuditPage:
    """The page at `cursor`, or the newest one. Every event is on exactly one page, whatever is added meanwhile."""
    events = audit_events(filters)
    if cursor is not None and cursor.direction == "newer":
        newer = events.filter(occurred_at__gte=cursor.occurred_at).exclude(
            occurred_at=cursor.occurred_at, id__lte=cursor.id
        )
        found = list(newer.order_by("occurred_at", "id")[: size + 1])
        shown = tuple(reversed(found[:size]))
        return AuditPage(shown, _after(shown, True), _before(shown, len(found) > size))
    if cursor is not None:
        events = events.filter(occurred_at__lte=cursor.occurred_at).exclude(
            occurred_at=cursor.occurred_at, id__gte=cursor.id
        )
    found = list(events[: size + 1])
    shown = tuple(found[:size])
    return AuditPage(shown, _after(shown, len(found) > size), _before(shown, cursor is not None))


def count_events(filters: AuditFilters) -> Count:
    """How many events fit, counted up to COUNTED_EXACTLY."""
    number = audit_events(filters).order_by()[: COUNTED_EXACTLY + 1].count()
    return Count(min(number, COUNTED_EXACTLY), number <= COUNTED_EXACTLY)


def institutions_in_log() -> list[str]:
    """The institutions that any event names, in alphabetical order."""
    return sorted({*_distinct("institution"), *_distinct("actor_institution")} - {""})


def rules_in_log() -> list[str]:
    """The codes of the rules that any event names, in alphabetical order."""
    return sorted({*_distinct("rule")} - {""})


def _distinct(column: Literal["institution", "actor_institution", "rule"]) -> list[str]:
    """The different values of an indexed column, one index look-up each, however many rows there are."""
    query = f"""
        WITH RECURSIVE found AS (
            SELECT min({column}) AS value FROM audit_auditevent
            UNION ALL
            SELECT (SELECT min({column}) FROM audit_auditevent WHERE {column} > found.value)
            FROM found WHERE found.value IS NOT NULL
        )
        SELECT value FROM found WHERE value IS NOT NULL
    """  # noqa: S608 (the column is one of three literals)
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [value for (value,) in cursor.fetchall()]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001 (made aware here)


def _after(events: tuple[AuditEvent, ...], more: bool) -> Cursor | None:
    return Cursor("older", events[-1].occurred_at, events[-1].id) if events and more else None


def _before(events: tuple[AuditEvent, ...], more: bool) -> Cursor | None:
    return Cursor("newer", events[0].occurred_at, events[0].id) if events and more else None
