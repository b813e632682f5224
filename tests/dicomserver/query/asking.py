"""Asks the engine as C-FIND and QIDO-RS do, by keywords and texts."""

from collections.abc import Sequence
from typing import Any

from dicomserver.query.attributes import ATTRIBUTES, Level
from dicomserver.query.requests import Found, QueryRequest
from dicomserver.query.searching import search
from dicomserver.query.values import criterion_of, with_moments


def request_for(
    level: Level, *, fuzzy: bool = False, combined: bool = False, **keys: str | Sequence[str]
) -> QueryRequest:
    """The query for these keys; they are all told."""
    criteria = []
    for keyword, value in keys.items():
        values = [value] if isinstance(value, str) else list(value)
        criterion = criterion_of(ATTRIBUTES[keyword], [one for one in values if one], fuzzy=fuzzy)
        if criterion is not None:
            criteria.append((ATTRIBUTES[keyword], criterion))
    return QueryRequest(level, tuple(with_moments(criteria) if combined else criteria), frozenset(keys))


def ask(level: Level, **keys: Any) -> list[Found]:
    """All matches."""
    return list(search(request_for(level, **keys)))


def found(level: Level, told: str, **keys: Any) -> list[Any]:
    """The first value of one attribute of each match, sorted."""
    return sorted(one.values[told][0] for one in ask(level, **{told: "", **keys}))
