"""Answers queries in SQL: the keys of a page of matches first, by index and in order, then what is told of each."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.db import OperationalError, connection, transaction

from dicomserver.query.attributes import Attribute, Kind, Level
from dicomserver.query.criteria import Criterion
from dicomserver.query.requests import Found, QueryRequest, QueryTooLong

# Rows that are held at once; what is small is sorted once.
PAGE: Final = 500
NARROW_PAGE: Final = 5000
# No one waits longer for a page, and a hostile query costs no more.
TIMEOUT_SECONDS: Final = 20
# Beyond, it is enough to know that there are more.
MOST_COUNTED: Final = 10_000

# To compile a query takes longer than any of these takes. With less memory than for the places of millions of rows,
# whole pages of them would be compared again.
_BOUNDS: Final = f"""
    SET LOCAL statement_timeout = '{TIMEOUT_SECONDS}s'; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'
"""

_FROM: Final = {
    Level.PATIENT: "index_study AS study",
    Level.STUDY: "index_study AS study",
    Level.SERIES: "index_series AS series JOIN index_study AS study ON study.id = series.study_id",
    Level.INSTANCE: """index_instance AS instance JOIN index_series AS series ON series.id = instance.series_id
        JOIN index_study AS study ON study.id = series.study_id""",
}
_PK: Final = {
    Level.PATIENT: "study.id",
    Level.STUDY: "study.id",
    Level.SERIES: "series.id",
    Level.INSTANCE: "instance.id",
}
_SERIES_ORDER: Final = ("series.study_id", f"coalesce(series.series_number, {2**40})", "series.series_instance_uid")
_INSTANCE_ORDER: Final = (
    *_SERIES_ORDER,
    f"coalesce(instance.instance_number, {2**40})",
    "instance.sop_instance_uid",
)
_EXISTS_BELOW: Final = "EXISTS (SELECT 1 FROM index_series AS below WHERE below.study_id = study.id AND ({}))"
_AS_JSON: Final = frozenset({Kind.IDENTIFIERS, Kind.ITEMS})
_BELOW: Final = frozenset({Kind.BELOW_TEXT, Kind.BELOW_UIDS})


def search(request: QueryRequest) -> Iterator[Found]:
    """The matches in an order that stays the same, page by page: stopping early costs nothing. Raises QueryTooLong.

    Studies come newest first; series and instances of named studies by their numbers.
    """
    remaining, offset = request.limit, request.offset
    last: Sequence[Any] | None = None
    most = NARROW_PAGE if request.is_narrow else PAGE
    while remaining is None or remaining > 0:
        size = most if remaining is None else min(most, remaining)
        rows = _page(request, last, size, offset)
        for row in rows:
            yield _found(request.attributes, row)
        if len(rows) < size:
            return
        remaining = None if remaining is None else remaining - size
        last, offset = rows[-1][: len(_order(request)[0])], 0


def count(request: QueryRequest, *, after: int = 0) -> int:
    """How many matches there are behind the first `after`, counted up to MOST_COUNTED + 1. Raises QueryTooLong."""
    where, parameters = _where(request)
    what = "DISTINCT study.patient_key" if request.level is Level.PATIENT else "1"
    matches = f"SELECT {what} FROM {_FROM[request.level]} WHERE {where} LIMIT %s OFFSET %s"  # noqa: S608 - constants
    with _bounded(request) as run:
        ((found,),) = run(f"SELECT count(*) FROM ({matches}) AS found", [*parameters, MOST_COUNTED + 1, after])  # noqa: S608
    return int(found)


def _page(request: QueryRequest, last: Sequence[Any] | None, size: int, offset: int) -> list[tuple[Any, ...]]:
    """Rows of order, key and attributes."""
    order, direction = _order(request)
    where, parameters = _where(request)
    if last is not None:
        sign = "<" if direction == "DESC" else ">"
        where += f" AND ({', '.join(order)}) {sign} ({', '.join(['%s'] * len(order))})"
        parameters += last
    table, pk = _FROM[request.level], _PK[request.level]
    ordered = ", ".join(f"{column} {direction}" for column in order)
    distinct = "DISTINCT ON (study.patient_key) " if request.level is Level.PATIENT else ""
    if distinct:
        ordered += ", study.id"
    named = ", ".join(f"{column} AS order_{number}" for number, column in enumerate(order))
    told = ", ".join([f"page.order_{number}" for number in range(len(order))] + [pk] + _columns(request))
    outer = ", ".join(f"page.order_{number} {direction}" for number in range(len(order)))
    statement = f"""
        WITH page AS MATERIALIZED (
            SELECT {distinct}{pk} AS pk, {named} FROM {table} WHERE {where} ORDER BY {ordered} LIMIT %s OFFSET %s
        )
        SELECT {told} FROM page JOIN {table} ON {_joined(request)} ORDER BY {outer}
    """  # noqa: S608 - of constants alone, values are parameters
    with _bounded(request) as run:
        return run(statement, [*parameters, size, offset])


def _joined(request: QueryRequest) -> str:
    return f"{_PK[request.level]} = page.pk"


def _columns(request: QueryRequest) -> list[str]:
    return [attribute.column for attribute in request.attributes]


def _order(request: QueryRequest) -> tuple[tuple[str, ...], str]:
    """The columns that no two matches have alike, and their direction; an index gives this order where many match."""
    if request.level is Level.PATIENT:
        return ("study.patient_key",), "ASC"
    if request.level is Level.STUDY:
        return ("study.study_date", "study.study_time", "study.id"), "DESC"
    if not request.is_narrow:
        return (_PK[request.level],), "ASC"
    return (_SERIES_ORDER if request.level is Level.SERIES else _INSTANCE_ORDER), "ASC"


def _where(request: QueryRequest) -> tuple[str, list[Any]]:
    """The condition; without criteria it is true. Studies and series without instances are not there for readers."""
    conditions: list[str] = ["study.number_of_instances > 0"]
    if request.level is Level.SERIES:
        conditions.append("series.number_of_instances > 0")
    parameters: list[Any] = []
    for attribute, criterion in request.criteria:
        condition, values = _condition(attribute, criterion)
        conditions.append(f"({condition})")
        parameters += values
    return " AND ".join(conditions), parameters


def _condition(attribute: Attribute, criterion: Criterion) -> tuple[str, list[Any]]:
    condition, parameters = criterion.sql(attribute)
    return (_EXISTS_BELOW.format(condition) if attribute.kind in _BELOW else condition), parameters


@contextmanager
def _bounded(request: QueryRequest) -> Iterator[Callable[[str, list[Any]], list[tuple[Any, ...]]]]:
    """Runs statements in bounded time; what names its studies needs no bound. Raises QueryTooLong."""

    def run(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    if request.is_narrow:
        yield run
        return
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_BOUNDS)
            yield run
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise QueryTooLong from error
        raise


def _found(attributes: Sequence[Attribute], row: Sequence[Any]) -> Found:
    pk, *columns = row[-len(attributes) - 1 :]
    return Found(
        int(pk),
        {one.keyword: _values(one, value) for one, value in zip(attributes, columns, strict=True)},
    )


def _values(attribute: Attribute, value: Any) -> list[Any]:
    """A column as values of DICOM JSON; empty ones are left out."""
    if attribute.vr == "PN":
        return [name for one in json.loads(value or "[]") if (name := _name(one))]
    if attribute.kind in _AS_JSON:
        value = json.loads(value or "[]")
    if attribute.vr in {"IS", "US"} and value is not None:
        return [int(value)]
    several = value if isinstance(value, list) else [value]
    return [one for one in several if one is not None and one != ""]


def _name(stored: dict[str, str]) -> dict[str, str]:
    groups = ("alphabetic", "ideographic", "phonetic")
    return {group.capitalize(): stored[group] for group in groups if stored.get(group)}
