"""The query of a search: attribute matching (PS3.4 C.2.2.2, PS3.18 8.3.4), and which page of the answer is wanted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict
from pydicom.datadict import tag_for_keyword

from dicomserver.dicomweb.problems import invalid

STUDY_INSTANCE_UID: Final = "0020000D"
_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}")
_NOT_ATTRIBUTES: Final = frozenset({"limit", "offset", "includefield", "fuzzymatching", "accept", "charset"})
_RANGE_VRS: Final = frozenset({"DA", "TM", "DT"})
_WILDCARD_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
MAX_VALUE_LENGTH: Final = 1024


@dataclass(frozen=True, slots=True)
class Query:
    """What to match, by tag, and the page."""

    values: dict[str, str]
    limit: int | None
    offset: int

    @property
    def study_instance_uids(self) -> list[str]:
        """The studies that are named."""
        return _list(self.values.get(STUDY_INSTANCE_UID, ""))

    def matches(self, found: dict[str, dict[str, Any]]) -> bool:
        """Whether the object matches all values; attributes that are not in it match anything."""
        return all(_matches(found[tag], value) for tag, value in self.values.items() if tag in found)

    def page(self, found: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        """The part of the answer that is wanted."""
        return found[self.offset : None if self.limit is None else self.offset + self.limit]


def parse_query(parameters: QueryDict) -> Query:
    """The query of a URL; parameters that are no attributes are passed over. Raises Refused (400)."""
    values: dict[str, str] = {}
    for key in parameters:
        value = parameters.getlist(key)[-1]
        tag = key.upper() if _TAG.fullmatch(key) else _tag_of(key)
        if tag and value and key not in _NOT_ATTRIBUTES:
            if len(value) > MAX_VALUE_LENGTH:
                raise invalid(f"The value for {tag} is too long.")
            values[tag] = value
    return Query(values, _number(parameters, "limit"), _number(parameters, "offset") or 0)


def _tag_of(keyword: str) -> str:
    tag = tag_for_keyword(keyword)
    return "" if tag is None else f"{tag:08X}"


def _number(parameters: QueryDict, name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise invalid(f"{name} is a number from 0.")
    return int(text)


def _list(value: str) -> list[str]:
    return [one for one in re.split(r"[,\\]", value) if one]


def _matches(element: dict[str, Any], wanted: str) -> bool:
    vr, values = element["vr"], element.get("Value", [])
    texts = [text for groups in values for text in groups.values()] if vr == "PN" else [str(value) for value in values]
    if vr == "UI":
        return any(text in _list(wanted) for text in texts)
    if vr in _RANGE_VRS and "-" in wanted:
        first, _, last = wanted.partition("-")
        return any((not first or text >= first) and (not last or text <= last) for text in texts)
    if vr in _WILDCARD_VRS:
        if vr == "PN":
            # Names are matched whatever their case (PS3.4 C.2.2.2.1).
            texts, wanted = [text.casefold() for text in texts], wanted.casefold()
        return not wanted.strip("*") or any(_fits(text, wanted) for text in texts)
    return wanted in texts


def _fits(text: str, pattern: str) -> bool:
    """Wildcard matching (PS3.4 C.2.2.2.4) in time that a hostile pattern cannot blow up."""
    at = in_pattern = 0
    star, resume = -1, 0
    while at < len(text):
        if in_pattern < len(pattern) and pattern[in_pattern] == "*":
            star, resume = in_pattern, at
            in_pattern += 1
        elif in_pattern < len(pattern) and pattern[in_pattern] in {"?", text[at]}:
            at, in_pattern = at + 1, in_pattern + 1
        elif star >= 0:
            resume += 1
            at, in_pattern = resume, star + 1
        else:
            return False
    return not pattern[in_pattern:].strip("*")
