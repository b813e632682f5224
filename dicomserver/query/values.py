"""Reads the value of a key: which criterion it asks for, by the kind of its attribute (PS3.4 C.2.2.2)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from dicomserver.index.folded import MAX_PART_LENGTH, folded_component_group, folded_part
from dicomserver.query.attributes import ATTRIBUTES, CONSTANTS, MOMENTS, Attribute, Kind
from dicomserver.query.criteria import Criterion, Folded, FoldedPattern, Fuzzy, Moment, Numbers, OneOf, Range, Wild
from dicomserver.query.wildcards import has_wildcard, is_universal
from runtime.folding import words
from wire.uids import InvalidUid, parse_uid

# More than any value of PS3.5 with wildcards in it; lists of UIDs are bounded by their message.
MAX_VALUE_LENGTH: Final = 1024
MAX_ALTERNATIVES: Final = 100
MAX_WORDS: Final = 12

_DATE: Final = re.compile(r"(\d{4})\.?(0[1-9]|1[0-2])\.?(0[1-9]|[12]\d|3[01])")
_TIME: Final = re.compile(r"([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(?:\.(\d{1,6}))?)?)?")
_NUMBER: Final = re.compile(r"[+-]?\d{1,12}")
_GROUPS_OF_A_NAME: Final = 3

Keys = list[tuple[Attribute, Criterion]]


class BadKey(Exception):
    """A key whose value cannot be matched; the message tells why, and never the value."""

    def __init__(self, keyword: str, reason: str) -> None:
        super().__init__(f"{keyword} {reason}")
        self.keyword = keyword


def criterion_of(attribute: Attribute, values: Sequence[str], *, fuzzy: bool = False) -> Criterion | None:
    """What the values demand, one of them or several alternatives; None where anything matches. Raises BadKey."""
    given = [value.strip(" \0") for value in values]
    if not given or any(is_universal(value) for value in given):
        return None
    if attribute.kind is not Kind.UID and attribute.kind is not Kind.BELOW_UIDS:
        _require_bounded(attribute, given)
    if attribute.kind is Kind.NAME and fuzzy:
        return _fuzzy(given)
    if attribute.kind is Kind.ITEMS:
        raise BadKey(attribute.keyword, "is a sequence; give a value of an attribute within it.")
    reading = _READINGS.get(attribute.kind)
    if reading is None:
        raise BadKey(attribute.keyword, "cannot be matched here, only answered.")
    return reading(attribute, given)


def with_moments(keys: Keys) -> Keys:
    """The keys, where both the date and the time of one moment are ranges as one range of moments."""
    for date_keyword, time_keyword in MOMENTS:
        found: Mapping[str, Criterion] = {attribute.keyword: criterion for attribute, criterion in keys}
        date, time = found.get(date_keyword), found.get(time_keyword)
        if isinstance(date, Range) and isinstance(time, Range) and date.is_range and time.is_range:
            moment = Moment(date, time, ATTRIBUTES[time_keyword].column)
            others = [key for key in keys if key[0].keyword not in {date_keyword, time_keyword}]
            keys = [*others, (ATTRIBUTES[date_keyword], moment)]
    return keys


def _require_bounded(attribute: Attribute, values: Sequence[str]) -> None:
    if len(values) > MAX_ALTERNATIVES:
        raise BadKey(attribute.keyword, f"has more than {MAX_ALTERNATIVES} values.")
    if any(len(value) > MAX_VALUE_LENGTH for value in values):
        raise BadKey(attribute.keyword, "has a value that is too long.")
    if any("\0" in value for value in values):
        raise BadKey(attribute.keyword, "has a value with a character that no text has.")


def _uids(attribute: Attribute, values: Sequence[str]) -> Criterion:
    try:
        return OneOf(tuple(dict.fromkeys(parse_uid(value) for value in values)))
    except InvalidUid:
        raise BadKey(attribute.keyword, "has a value that is no UID.") from None


def _text(_attribute: Attribute, values: Sequence[str]) -> Criterion:
    if any(has_wildcard(value) for value in values):
        return Wild(tuple(re.sub(r"\*+", "*", value) for value in values))
    return OneOf(tuple(values))


def _constant(attribute: Attribute, values: Sequence[str]) -> Criterion | None:
    """Nothing matches where something else is asked for than all have."""
    wanted = Wild(tuple(values))
    return None if wanted.matches([CONSTANTS[attribute.keyword]]) else OneOf(())


def _folded(_attribute: Attribute, values: Sequence[str]) -> Criterion:
    return Folded(tuple((FoldedPattern(_once(folded_part(value)), 0),) for value in values))


def _name(_attribute: Attribute, values: Sequence[str]) -> Criterion | None:
    alternatives = [_name_patterns(value) for value in values]
    return Folded(tuple(alternatives)) if all(alternatives) else None


def _name_patterns(value: str) -> tuple[FoldedPattern, ...]:
    """Of a name without `=`, which may be in any of the component groups, or of each group that it names."""
    groups = [_once(folded_component_group(group)) for group in value.split("=")[:_GROUPS_OF_A_NAME]]
    if len(groups) == 1:
        return (FoldedPattern(groups[0]),)
    return tuple(FoldedPattern(group, part) for part, group in enumerate(groups) if not is_universal(group))


def _fuzzy(values: Sequence[str]) -> Criterion | None:
    wanted = tuple(dict.fromkeys(word for value in values for word in words(value)))[:MAX_WORDS]
    return Fuzzy(wanted) if wanted else None


def _date(attribute: Attribute, values: Sequence[str]) -> Criterion:
    first, last, is_range = _ends(attribute, values)
    return Range(_one_date(attribute, first), _one_date(attribute, last), is_range)


def _one_date(attribute: Attribute, text: str) -> str:
    found = _DATE.fullmatch(text)
    if text and found is None:
        raise BadKey(attribute.keyword, "is no date (YYYYMMDD) and no range of dates.")
    return "".join(found.groups()) if found else ""


def _time(attribute: Attribute, values: Sequence[str]) -> Criterion:
    first, last, is_range = _ends(attribute, values)
    return Range(_one_time(attribute, first, "0"), _one_time(attribute, last, "9"), is_range)


def _one_time(attribute: Attribute, text: str, padding: str) -> str:
    """Twelve digits: what a value leaves open is the first or the last moment of what it says."""
    found = _TIME.fullmatch(text)
    if text and found is None:
        raise BadKey(attribute.keyword, "is no time (HHMMSS) and no range of times.")
    if found is None:
        return ""
    known = "".join(part or "" for part in found.groups())
    latest = "235959999999" if padding == "9" else "000000000000"
    return known + latest[len(known) :]


def _ends(attribute: Attribute, values: Sequence[str]) -> tuple[str, str, bool]:
    """Both ends of a range, which are the same where the value is none."""
    if len(values) > 1:
        raise BadKey(attribute.keyword, "has several values; give one, or a range.")
    text = values[0]
    if "-" not in text:
        return text, text, False
    first, _, last = (part.strip() for part in text.partition("-"))
    if not first and not last:
        raise BadKey(attribute.keyword, "is a range without ends.")
    return first, last, True


def _numbers(attribute: Attribute, values: Sequence[str]) -> Criterion:
    if not all(_NUMBER.fullmatch(value) for value in values):
        raise BadKey(attribute.keyword, "is no whole number.")
    return Numbers(tuple(int(value) for value in values))


_READINGS: Final[dict[Kind, Callable[[Attribute, Sequence[str]], Criterion | None]]] = {
    Kind.UID: _uids,
    Kind.BELOW_UIDS: _uids,
    Kind.TEXT: _text,
    Kind.BELOW_TEXT: _text,
    Kind.IDENTIFIERS: _text,
    Kind.CONSTANT: _constant,
    Kind.FOLDED: _folded,
    Kind.NAME: _name,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.NUMBER: _numbers,
}


def _once(folded: str) -> str:
    """A folded value, cut as what is compared with it is; any number of `*` in a row are one."""
    return re.sub(r"\*+", "*", folded) if has_wildcard(folded) else folded[:MAX_PART_LENGTH]
