"""What one key of a query demands: as a condition of SQL over the index, and of values that are at hand."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from dicomserver.index.folded import MARK, folded_component_group, folded_part
from dicomserver.query.attributes import Attribute, Kind
from dicomserver.query.wildcards import fits, has_wildcard, like_pattern, literals, trigrams

# Migration index.0008 has indexes on so many letters from the start.
INDEXED_LENGTH: Final = 64
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
# What may stand before a word of a folded name.
_BEFORE_WORD: Final = "[=^ ,.'-]"
_TIME_LENGTH: Final = 12

Condition = tuple[str, list[Any]]


class Criterion(Protocol):
    """One demand."""

    def sql(self, attribute: Attribute) -> Condition:
        """The condition over the attribute's column, and its parameters."""

    def matches(self, values: Sequence[Any]) -> bool:
        """Whether values of DICOM JSON (PS3.18 F.2) fulfil it."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Single value and list of UID matching (PS3.4 C.2.2.2.1, C.2.2.2.2)."""

    values: tuple[str, ...]

    def sql(self, attribute: Attribute) -> Condition:
        """The whole value."""
        values = list(self.values)
        column = attribute.matched or attribute.column
        if attribute.kind is Kind.BELOW_UIDS:
            return f"{column} && %s::varchar[]", [values]
        if attribute.kind is Kind.IDENTIFIERS:
            wanted = [json.dumps([{"identifier": value}]) for value in values]
            return _any_of([(f"{column} @> %s::jsonb", [one]) for one in wanted])
        if attribute.beginning:
            beginnings = [value[:INDEXED_LENGTH] for value in values]
            return f"left({column}, {INDEXED_LENGTH}) = ANY(%s) AND {column} = ANY(%s)", [beginnings, values]
        return f"{column} = ANY(%s)", [values]

    def matches(self, values: Sequence[Any]) -> bool:
        """Any of the values is one of those wanted."""
        return any(str(value) in self.values for value in values)


@dataclass(frozen=True, slots=True)
class Wild:
    """Wild card matching of text as it was sent (PS3.4 C.2.2.2.4)."""

    patterns: tuple[str, ...]

    def sql(self, attribute: Attribute) -> Condition:
        """LIKE, and what finds the rows by index where the pattern begins with letters."""
        column = attribute.matched or attribute.column
        if attribute.kind is Kind.IDENTIFIERS:
            condition, parameters = _any_of([("one->>'identifier' LIKE %s", [like_pattern(p)]) for p in self.patterns])
            elements = f"SELECT 1 FROM jsonb_array_elements({column}) AS one WHERE {condition}"  # noqa: S608 - constants
            return f"EXISTS ({elements})", parameters
        return _any_of([self._like(column, pattern, attribute.beginning) for pattern in self.patterns])

    @staticmethod
    def _like(column: str, pattern: str, has_index: bool) -> Condition:
        beginning = re.split(r"[*?]", pattern, maxsplit=1)[0][:INDEXED_LENGTH]
        if has_index and beginning:
            condition = f"left({column}, {INDEXED_LENGTH}) LIKE %s AND {column} LIKE %s"
            return condition, [like_pattern(beginning) + "%", like_pattern(pattern)]
        return f"{column} LIKE %s", [like_pattern(pattern)]

    def matches(self, values: Sequence[Any]) -> bool:
        """Any of the values fits."""
        return any(fits(str(value), pattern) for value in values for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class FoldedPattern:
    """A folded pattern, with wildcards or without, for one part of a folded text; for any part where `part` is None."""

    pattern: str
    part: int | None = None

    def sql(self, column: str) -> Condition:
        """LIKE on the part, after a look-up by groups of three letters wherever the pattern has some."""
        parts = range(1, len(_GROUPS) + 1) if self.part is None else [self.part + 1]
        # Delimiters that end a name are not kept, but `Name^*` means names without a given name too.
        ended = " || '^^^^'" if self._is_open_name else ""
        like = like_pattern(self.pattern)
        compared, parameters = _any_of(
            [(f"split_part({column}, '{MARK}', {part + 1}){ended} LIKE %s", [like]) for part in parts]
        )
        condition = _unestimated(f"{column} <> '' AND ({compared})")
        if wanted := trigrams(self._looked_up()):
            return f"index_trigrams({column}) @> %s::text[] AND {condition}", [wanted, *parameters]
        return condition, parameters

    @property
    def _is_open_name(self) -> bool:
        return "^" in self.pattern and self.pattern.endswith("*")

    def _looked_up(self) -> list[str]:
        """The literal texts that a matching row has, marks at both ends of a part among them."""
        if not has_wildcard(self.pattern):
            return [f"{MARK}{self.pattern}{MARK}"]
        found = literals(self.pattern)
        if found and self._is_open_name:
            found[-1] = found[-1].rstrip("^")
        if found and self.pattern[0] not in "*?":
            found[0] = MARK + found[0]
        if found and self.pattern[-1] not in "*?":
            found[-1] += MARK
        return found

    def fits(self, parts: Sequence[str]) -> bool:
        """Whether one of the folded parts, or the one that is meant, fits."""
        meant = parts if self.part is None else parts[self.part : self.part + 1]
        ended = "^^^^" if self._is_open_name else ""
        return any(part and fits(part + ended, self.pattern) for part in meant)


@dataclass(frozen=True, slots=True)
class Folded:
    """Matching of names and descriptions without case, diacritics and script: one of the alternatives, all of it."""

    alternatives: tuple[tuple[FoldedPattern, ...], ...]

    def sql(self, attribute: Attribute) -> Condition:
        """Any alternative."""
        return _any_of([_all_of([one.sql(attribute.matched) for one in several]) for several in self.alternatives])

    def matches(self, values: Sequence[Any]) -> bool:
        """Any value fulfils any alternative."""
        folded = [folded_parts(value) for value in values]
        return any(all(one.fits(parts) for one in several) for parts in folded for several in self.alternatives)


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Fuzzy matching of names (PS3.4 C.2.2.2.1.1): each word begins one of the name's words, in any order."""

    words: tuple[str, ...]

    def sql(self, attribute: Attribute) -> Condition:
        """Regular expressions of letters and digits alone, after the look-up."""
        column = attribute.matched
        conditions: list[Condition] = [(_unestimated(f"{column} ~ %s"), [_BEFORE_WORD + word]) for word in self.words]
        if wanted := trigrams(list(self.words)):
            conditions.insert(0, (f"index_trigrams({column}) @> %s::text[]", [wanted]))
        return _all_of(conditions)

    def matches(self, values: Sequence[Any]) -> bool:
        """The same, of names at hand."""
        texts = [f"={'='.join(folded_parts(value))}" for value in values]
        return any(all(re.search(_BEFORE_WORD + word, text) for word in self.words) for text in texts)


@dataclass(frozen=True, slots=True)
class Range:
    """Range matching of dates or times (PS3.4 C.2.2.2.5), ends included; an empty end is open.

    Times are twelve digits from the hour to the microsecond.
    """

    first: str
    last: str
    is_range: bool = True

    def sql(self, attribute: Attribute) -> Condition:
        """Comparison as text, which is that of the moments; what has no value does not match."""
        column = attribute.matched or attribute.column
        compared = time_digits(column) if attribute.kind is Kind.TIME else column
        conditions: list[Condition] = [(f"{column} <> ''", [])]
        if self.first:
            conditions.append((f"{compared} >= %s", [self.first]))
        if self.last:
            conditions.append((f"{compared} <= %s", [self.last]))
        return _all_of(conditions)

    def matches(self, values: Sequence[Any]) -> bool:
        """Any value lies within; times are known by the length of the ends."""
        is_time = max(len(self.first), len(self.last)) == _TIME_LENGTH
        texts = [_digits(str(value)) if is_time else str(value) for value in values if value]
        return any((not self.first or text >= self.first) and (not self.last or text <= self.last) for text in texts)


@dataclass(frozen=True, slots=True)
class Moment:
    """Date and time ranges that are one range of moments (PS3.4 C.2.2.2.5, combined); it stands for the date's key."""

    date: Range
    time: Range
    time_column: str

    def sql(self, attribute: Attribute) -> Condition:
        """The dates first, which are found by index, then both."""
        condition, parameters = self.date.sql(attribute)
        both = f"({attribute.column}, {time_digits(self.time_column)})"
        if self.date.first:
            condition += f" AND {both} >= (%s, %s)"
            parameters += [self.date.first, self.time.first or "0" * _TIME_LENGTH]
        if self.date.last:
            condition += f" AND {both} <= (%s, %s)"
            parameters += [self.date.last, self.time.last or "9" * _TIME_LENGTH]
        return condition, parameters

    def matches(self, values: Sequence[Any]) -> bool:
        """Of the date alone: the time is not at hand."""
        return self.date.matches(values)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Single values of numbers, compared as numbers: 007 is 7."""

    values: tuple[int, ...]

    def sql(self, attribute: Attribute) -> Condition:
        """Any of them."""
        return f"{attribute.column} = ANY(%s::bigint[])", [list(self.values)]

    def matches(self, values: Sequence[Any]) -> bool:
        """Any of them."""
        return any(value in self.values for value in values)


@dataclass(frozen=True, slots=True)
class ItemWith:
    """Sequence matching (PS3.4 C.2.2.2.6): one item of the sequence fulfils all the keys."""

    keys: tuple[tuple[Attribute, Criterion], ...]

    def sql(self, attribute: Attribute) -> Condition:
        """Any item; most rows have none."""
        condition, parameters = _all_of([criterion.sql(key) for key, criterion in self.keys])
        items = f"SELECT 1 FROM jsonb_array_elements({attribute.column}) AS one WHERE {condition}"  # noqa: S608 - constants
        return f"{attribute.column} <> '[]' AND EXISTS ({items})", parameters

    def matches(self, values: Sequence[Any]) -> bool:
        """Any item of DICOM JSON."""
        return any(
            all(criterion.matches(item.get(f"{key.tag:08X}", {}).get("Value", [])) for key, criterion in self.keys)
            for item in values
        )


def folded_parts(value: Any) -> list[str]:
    """A value of DICOM JSON as the parts of a folded text."""
    if isinstance(value, dict):
        return [folded_component_group(str(value.get(group) or "")) for group in _GROUPS]
    return [folded_part(str(value))]


def time_digits(column: str) -> str:
    """A column of times as twelve digits, in SQL."""
    return f"rpad(translate({column}, ':.', ''), {_TIME_LENGTH}, '0')"


def _unestimated(condition: str) -> str:
    """The condition where a look-up says the same already: PostgreSQL would think that both together are rare.

    It would then collect and sort a quarter of all studies for a page of a hundred, instead of walking to them.
    """
    return f"CASE WHEN {condition} THEN true ELSE false END"


def _digits(time: str) -> str:
    return time.replace(":", "").replace(".", "").ljust(_TIME_LENGTH, "0")[:_TIME_LENGTH]


def _any_of(conditions: Sequence[Condition]) -> Condition:
    return _combined(conditions, " OR ")


def _all_of(conditions: Sequence[Condition]) -> Condition:
    return _combined(conditions, " AND ")


def _combined(conditions: Sequence[Condition], word: str) -> Condition:
    texts = [text if len(conditions) == 1 else f"({text})" for text, _ in conditions]
    return word.join(texts), [parameter for _, parameters in conditions for parameter in parameters]
