"""One look at the list of orders: which fit, which page of them, and how many there are."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan

from portal.accounts.models import User
from portal.orders.models import Order
from portal.orders.selectors import ordering_servers, orders_of
from portal.studies.search import matching

PAGE_SIZE: Final = 50
COUNTED_EXACTLY: Final = 10_000
"""Longer lists are not counted to their end: nobody reads so far, and it would cost more than the page."""
FEW: Final = 1000
"""So many rows that were found by words are fetched by their keys and sorted."""
_PLACE: Final = re.compile(r"([0-9]{0,14})\.([0-9a-f]{32})")


@dataclass(frozen=True)
class Place:
    """The row after which a page begins: when it is scheduled, and its key. No patient is in it."""

    scheduled_start: str
    pk: UUID

    def __str__(self) -> str:
        """As the address has it."""
        return f"{self.scheduled_start}.{self.pk.hex}"


@dataclass(frozen=True)
class OrderFilters:
    """What the list is narrowed to; what is empty narrows nothing."""

    search: str = ""
    state: str = ""
    scheduled_after: date | None = None
    scheduled_before: date | None = None

    @property
    def set_ones(self) -> dict[str, Any]:
        """Those that narrow, by name."""
        values = {
            "search": self.search,
            "state": self.state,
            "scheduled_after": self.scheduled_after,
            "scheduled_before": self.scheduled_before,
        }
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True)
class OrderPage:
    """Some orders, those that are due last first, and where the next page begins."""

    orders: tuple[Order, ...]
    next: Place | None


@dataclass(frozen=True)
class Count:
    """How many there are; where not `is_exact`, there are more than `number`."""

    number: int
    is_exact: bool


def parse_place(text: str) -> Place | None:
    """The place that an address names; None, and so the first page, for what is none."""
    found = _PLACE.fullmatch(text)
    return Place(found[1], UUID(hex=found[2])) if found else None


def order_page(person: User, filters: OrderFilters, place: Place | None = None, size: int = PAGE_SIZE) -> OrderPage:
    """A page of the orders that a person may read.

    Each server's orders are one range of an index, read as far as the page needs; a million more cost nothing.
    """
    found: list[Order] = []
    for orders in _of_each_server(person, filters):
        beyond = orders.filter(_after(place)) if place else orders
        found += beyond.order_by("-scheduled_start", "-id")[: size + 1]
    found.sort(key=lambda order: (order.scheduled_start, order.pk), reverse=True)
    rows = tuple(found[:size])
    last = rows[-1] if len(found) > size else None
    return OrderPage(rows, Place(last.scheduled_start, last.pk) if last else None)


def count_orders(person: User, filters: OrderFilters) -> Count:
    """How many orders fit, up to a bound."""
    number = 0
    for orders in _of_each_server(person, filters):
        number += orders.order_by()[: COUNTED_EXACTLY + 1 - number].count()
        if number > COUNTED_EXACTLY:
            return Count(COUNTED_EXACTLY, is_exact=False)
    return Count(number, is_exact=True)


def _of_each_server(person: User, filters: OrderFilters) -> list[QuerySet[Order]]:
    servers = ordering_servers(person)
    return [_narrowed(orders_of(person).filter(server=server), filters) for server in servers]


def _narrowed(orders: QuerySet[Order], filters: OrderFilters) -> QuerySet[Order]:
    if filters.state:
        orders = orders.filter(state=filters.state)
    if filters.scheduled_after:
        orders = orders.filter(scheduled_start__gte=f"{filters.scheduled_after:%Y%m%d}")
    if filters.scheduled_before:
        orders = orders.filter(scheduled_start__gt="", scheduled_start__lt=_next_day(filters.scheduled_before))
    return with_words(orders, filters.search) if filters.search else orders


def with_words(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    """The orders in which each word begins a word of the patient's name, a number or the description."""
    found = orders.filter(matching(text))
    # Of words that hardly any row has, the database would walk the whole order of the list to find them.
    keys = list(found.order_by().values_list("pk", flat=True)[: FEW + 1])
    return found.filter(pk__in=keys) if len(keys) <= FEW else found


def _next_day(day: date) -> str:
    return f"{day + timedelta(days=1):%Y%m%d}" if day < date.max else "99999999"


def _after(place: Place) -> Any:
    return TupleLessThan(Tuple(F("scheduled_start"), F("pk")), (place.scheduled_start, place.pk))
