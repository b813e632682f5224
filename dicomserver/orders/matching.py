"""Compares items of the modality worklist with the keys of a query (PS3.4 C.2.2.2), and picks what was asked for."""

import re
from collections.abc import Sequence
from typing import Any, Final

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from dicomserver.index.folded import folded_component_group
from dicomserver.orders.items import Item
from dicomserver.query.wildcards import fits

# Keys that say how the query is written, and match nothing.
_NO_KEYS: Final = frozenset({"SpecificCharacterSet", "TimezoneOffsetFromUTC"})
_DATE: Final = re.compile(r"[0-9]{8}")
_OLD_DATE: Final = re.compile(r"[0-9]{4}\.[0-9]{2}\.[0-9]{2}")
_TIME: Final = re.compile(r"[0-9]{2}([0-9]{2}([0-9]{2}(\.[0-9]{1,6})?)?)?")
_OLD_TIME: Final = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
# PS3.4 C.2.2.2.4: no wildcards in what is no text.
_WITHOUT_WILDCARDS: Final = frozenset({"DA", "TM", "DT", "UI", "IS", "DS", "US", "SS", "UL", "SL", "FL", "FD", "AT"})
MAX_KEYS: Final = 500
MAX_VALUES: Final = 1000


class IdentifierRefused(Exception):
    """The keys of a query cannot be understood; the message names attributes, never values."""


class Keys:
    """The keys of one query, read once: what must match, what is asked for, and whether all of it is known here."""

    def __init__(self, identifier: Dataset, known: Item) -> None:
        """`known` is an item with all attributes that are kept here. Raises IdentifierRefused."""
        self.values: dict[str, list[str]] = {}
        self.vrs: dict[str, str] = {}
        self.sequences: dict[str, Keys | None] = {}
        self.unknown: set[str] = set()
        elements = [element for element in identifier if not element.tag.is_private]
        if len(elements) > MAX_KEYS:
            raise IdentifierRefused(f"The query has more than {MAX_KEYS} keys.")
        for element in elements:
            keyword = keyword_for_tag(element.tag)
            if keyword in _NO_KEYS or element.tag.element == 0:
                continue
            if keyword not in known:
                self.unknown.add(keyword or str(element.tag))
            elif isinstance(known[keyword], list) and dictionary_VR(element.tag) == "SQ":
                self.sequences[keyword] = _keys_of_item(element, keyword, known[keyword])
            else:
                self.vrs[keyword] = dictionary_VR(element.tag)
                self.values[keyword] = _values(element, keyword)

    @property
    def has_unknown(self) -> bool:
        """True where something was asked for that is not kept here."""
        return bool(self.unknown) or any(keys is not None and keys.has_unknown for keys in self.sequences.values())

    def match(self, item: Item) -> bool:
        """Whether the item fits all keys."""
        for keyword, wanted in self.values.items():
            if wanted and not _value_matches(self.vrs[keyword], wanted, _texts(item.get(keyword, ""))):
                return False
        for keyword, keys in self.sequences.items():
            if keys is not None and keys.restrict and not any(keys.match(one) for one in item.get(keyword, [])):
                return False
        return True

    @property
    def restrict(self) -> bool:
        """True where some key has a value."""
        return any(self.values.values()) or any(keys is not None and keys.restrict for keys in self.sequences.values())

    def picked(self, item: Item) -> Item:
        """What was asked for of the item; of a sequence without keys all."""
        found: Item = {keyword: item[keyword] for keyword in self.values if keyword in item}
        for keyword, keys in self.sequences.items():
            rows = item.get(keyword, [])
            found[keyword] = rows if keys is None else [keys.picked(one) for one in rows]
        return found

    def wanted(self, keyword: str) -> list[str]:
        """The values of a key; empty where it matches everything."""
        return self.values.get(keyword, [])


def _keys_of_item(element: DataElement, keyword: str, known: Sequence[Item]) -> Keys | None:
    """The keys within a sequence; None for a sequence without any: all of its attributes are asked for."""
    items = list(element.value or [])
    if len(items) > 1:
        # PS3.4 C.2.2.2.6: a sequence key has one item.
        raise IdentifierRefused(f"{keyword} has more than one item.")
    if not items or not len(items[0]):
        return None
    return Keys(items[0], known[0] if known else {})


def _values(element: DataElement, keyword: str) -> list[str]:
    value = element.value
    if element.VR == "SQ":
        raise IdentifierRefused(f"{keyword} is no sequence.")
    # A name can be iterated over, and is one value all the same; several values are a MultiValue.
    values = [] if value is None else list(value) if hasattr(value, "append") else [value]
    if any(isinstance(one, bytes) for one in values):
        raise IdentifierRefused(f"{keyword} has a value of another kind.")
    texts = [str(one).strip(" \0") for one in values]
    texts = [text for text in texts if text]
    if len(texts) > MAX_VALUES:
        raise IdentifierRefused(f"{keyword} has more than {MAX_VALUES} values.")
    vr = dictionary_VR(element.tag)
    if vr in {"DA", "TM"}:
        return [_checked_range(keyword, vr, text) for text in texts]
    if all(set(text) == {"*"} for text in texts) and vr not in _WITHOUT_WILDCARDS:
        return []
    return texts


def _checked_range(keyword: str, vr: str, text: str) -> str:
    ends = [end.strip() for end in text.split("-")]
    if len(ends) > 2 or not any(ends):
        raise IdentifierRefused(f"{keyword} is neither a value nor a range.")
    patterns = (_DATE, _OLD_DATE) if vr == "DA" else (_TIME, _OLD_TIME)
    if not all(not end or any(pattern.fullmatch(end) for pattern in patterns) for end in ends):
        raise IdentifierRefused(f"{keyword} is neither a value nor a range.")
    return "-".join(end.replace(".", "") if vr == "DA" else end.replace(":", "") for end in ends)


def _value_matches(vr: str, wanted: Sequence[str], found: Sequence[str]) -> bool:
    values = [value for value in found if value]
    if vr in {"DA", "TM"}:
        in_range = _date_in_range if vr == "DA" else _time_in_range
        return any(in_range(one, value) for one in wanted for value in values)
    if vr == "UI":
        return not set(wanted).isdisjoint(values)
    if vr == "PN":
        return any(_name_matches(one, value) for one in wanted for value in values)
    if vr in _WITHOUT_WILDCARDS:
        return any(_number(one) == _number(value) for one in wanted for value in values)
    return any(fits(value, one) for one in wanted for value in values)


def _date_in_range(wanted: str, value: str) -> bool:
    first, dash, last = wanted.partition("-")
    return value == first if not dash else (not first or value >= first) and (not last or value <= last)


def _time_in_range(wanted: str, value: str) -> bool:
    """A time stands for all moments that begin with it: 10 is the whole hour."""
    first, dash, last = wanted.partition("-")
    lowest, highest = f"{value:0<6}.000000"[:13], f"{value:9<6}.999999"[:13]
    if not dash:
        first = last = wanted
    after = not first or highest >= _filled(first, "0")
    return after and (not last or lowest <= _filled(last, "9"))


def _filled(time: str, digit: str) -> str:
    whole, _, fraction = time.partition(".")
    return f"{whole:{digit}<6}.{fraction:{digit}<6}"


def _name_matches(wanted: str, value: str) -> bool:
    """Whatever the case, diacritics and script, in any component group, so far as the query names components."""
    groups = [folded_component_group(group) for group in value.split("=") if group]
    patterns = [folded_component_group(part) for part in wanted.split("=") if part]
    return all(any(_component_group_fits(group, pattern) for group in groups) for pattern in patterns)


def _component_group_fits(group: str, pattern: str) -> bool:
    # Delimiters that end a name are not kept, but `Name^*` means names without a given name too.
    is_open = "^" in pattern and pattern.endswith("*")
    return fits(group + "^^^^" if is_open else group, pattern)


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value]
