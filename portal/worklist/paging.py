"""Pages of a sorted list by the key of their last row: nothing twice and nothing missed while rows come in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import F, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from portal.studies.models import Study
from portal.worklist.cursors import Cursor, Key
from portal.worklist.orders import Order

COUNTED_EXACTLY: Final = 10_000
"""Longer lists are not counted to their end: nobody reads so far, and it would cost more than the page."""

FEW: Final = 1000
"""So many rows are fetched by their keys and sorted, whatever the order."""


@dataclass(frozen=True)
class Page:
    """Some rows in their order, and the cursors to what follows and what precedes them."""

    studies: tuple[Study, ...]
    next: Cursor | None
    previous: Cursor | None


@dataclass(frozen=True)
class Count:
    """How many there are; where not `is_exact`, there are more than `number`."""

    number: int
    is_exact: bool


def page_of(studies: QuerySet[Study], order: Order, size: int, cursor: Cursor | None = None) -> Page:
    """The `size` rows after or before the cursor, or the first ones.

    Keyset, not offset: the place is a row's key, so rows that are inserted or leave elsewhere shift nothing.
    """
    is_backward = cursor is not None and cursor.direction == "before"
    found: list[Study] = []
    for part in _parts(_narrowed(studies), order, cursor, is_backward=is_backward):
        found.extend(part[: size + 1 - len(found)])
        if len(found) > size:
            break
    there_is_more = len(found) > size
    rows = found[:size]
    if is_backward:
        rows.reverse()
    if not rows:
        return Page((), None, None)
    has_next = there_is_more or is_backward
    has_previous = there_is_more if is_backward else cursor is not None
    return Page(
        studies=tuple(rows),
        next=Cursor(str(order), "after", order.key_of(rows[-1]), rows[-1].pk) if has_next else None,
        previous=Cursor(str(order), "before", order.key_of(rows[0]), rows[0].pk) if has_previous else None,
    )


def bounded_count(studies: QuerySet[Study]) -> Count:
    """The number of rows up to a bound."""
    number = studies.order_by()[: COUNTED_EXACTLY + 1].count()
    return Count(min(number, COUNTED_EXACTLY), number <= COUNTED_EXACTLY)


def _narrowed(studies: QuerySet[Study]) -> QuerySet[Study]:
    """The same rows, named by their keys where they are few.

    Asked for the first of a sorted list, PostgreSQL walks the index of the order and expects to meet fitting rows soon.
    Where hardly any row fits it would walk over all of them; without an order it takes the index of the filter.
    """
    keys = list(studies.order_by().values_list("pk", flat=True)[: FEW + 1])
    return studies.filter(pk__in=keys) if len(keys) <= FEW else studies


def _parts(
    studies: QuerySet[Study], order: Order, cursor: Cursor | None, *, is_backward: bool
) -> Iterator[QuerySet[Study]]:
    """The stretches of an index to read one after the other: rows with a sort key, then rows without.

    Each is one range of one index, which a single query over both could not be in a descending order.
    """
    if not order.column.is_nullable:
        yield order.sorted(studies.filter(_beyond(order, cursor, is_backward=is_backward)), is_backward=is_backward)
        return
    stretches = [order.valued(), ~order.valued()]
    starts_unvalued = cursor is not None and cursor.key is None
    if is_backward:
        stretches.reverse()
    if starts_unvalued != is_backward:
        del stretches[0]
    for index, stretch in enumerate(stretches):
        start = cursor if index == 0 else None
        narrowed = studies.filter(stretch).filter(_beyond(order, start, is_backward=is_backward))
        yield order.sorted(narrowed, is_backward=is_backward)


def _beyond(order: Order, cursor: Cursor | None, *, is_backward: bool) -> Q:
    """The rows on the far side of the cursor, as one comparison of (sort key, primary key)."""
    if cursor is None:
        return Q()
    is_descending = order.is_descending != is_backward
    if cursor.key is None:
        return Q(pk__lt=cursor.pk) if is_descending else Q(pk__gt=cursor.pk)
    compare = TupleLessThan if is_descending else TupleGreaterThan
    values: tuple[Key, int] = (cursor.key, cursor.pk)
    return Q(compare(Tuple(F(order.column.field), F("pk")), values))
