"""Compares items of the modality worklist with the keys of a query (PS3.4 C.2.2.2), and picks what was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from dicomserver.orders.items import Item
from dicomserver.query.attributes import Attribute, Kind, Level
from dicomserver.query.criteria import Range
from dicomserver.query.values import BadKey, criterion_of
from dicomserver.query.wildcards import is_universal

# Keys that say how the query is written, and match nothing.
_NO_KEYS: Final = frozenset({"SpecificCharacterSet", "TimezoneOffsetFromUTC"})
# All other text is compared as it was sent, with wildcards.
_KINDS: Final = {"UI": Kind.UID, "DA": Kind.DATE, "TM": Kind.TIME, "PN": Kind.NAME}
# PS3.4 C.2.2.2.4: no wildcards in what is no text.
_NUMBERS: Final = frozenset({"DT", "IS", "DS", "US", "SS", "UL", "SL", "FL", "FD", "AT"})
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
MAX_KEYS: Final = 500
MAX_VALUES: Final = 1000


class IdentifierRefused(Exception):
    """The keys of a query cannot be understood; the message names attributes, never values."""


class _Demand(Protocol):
    """What a key demands of the values of an item: a criterion of the query room, or one for numbers."""

    def matches(self, values: Sequence[Any]) -> bool:
        """Whether the values fulfil it."""


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Single values that are written in several ways: 82.50 is 82.5."""

    values: tuple[str, ...]

    def matches(self, values: Sequence[Any]) -> bool:
        """Any of them."""
        return any(_number(one) == _number(value) for one in self.values for value in values)


class Keys:
    """The keys of one query, read once: what must match, what is asked for, and whether all of it is known here."""

    def __init__(self, identifier: Dataset, known: Item) -> None:
        """`known` is an item with all attributes that are kept here. Raises IdentifierRefused."""
        self.values: dict[str, list[str]] = {}
        self.demands: dict[str, _Demand] = {}
        self.names: set[str] = set()
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
                self._read(element, keyword)

    def _read(self, element: DataElement, keyword: str) -> None:
        vr = dictionary_VR(element.tag)
        values = self.values[keyword] = _values(element, keyword)
        if vr == "PN":
            self.names.add(keyword)
        demand = _demand(keyword, vr, values)
        if demand is not None:
            self.demands[keyword] = demand

    @property
    def has_unknown(self) -> bool:
        """True where something was asked for that is not kept here."""
        return bool(self.unknown) or any(keys is not None and keys.has_unknown for keys in self.sequences.values())

    def match(self, item: Item) -> bool:
        """Whether the item fits all keys."""
        for keyword, demand in self.demands.items():
            found = [value for value in _texts(item.get(keyword, "")) if value]
            if not demand.matches([_name(value) for value in found] if keyword in self.names else found):
                return False
        for keyword, keys in self.sequences.items():
            if keys is not None and keys.restrict and not any(keys.match(one) for one in item.get(keyword, [])):
                return False
        return True

    @property
    def restrict(self) -> bool:
        """True where some key has a value."""
        return bool(self.demands) or any(keys is not None and keys.restrict for keys in self.sequences.values())

    def picked(self, item: Item) -> Item:
        """What was asked for of the item; of a sequence without keys all."""
        found: Item = {keyword: item[keyword] for keyword in self.values if keyword in item}
        for keyword, keys in self.sequences.items():
            rows = item.get(keyword, [])
            found[keyword] = rows if keys is None else [keys.picked(one) for one in rows]
        return found

    def wanted(self, keyword: str) -> list[str]:
        """The values of a key; empty where it matches everything."""
        return self.values[keyword] if keyword in self.demands else []

    def range(self, keyword: str) -> Range | None:
        """The range that a key of dates or times demands; both ends are the same for a single value."""
        demand = self.demands.get(keyword)
        return demand if isinstance(demand, Range) else None


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
    return texts


def _demand(keyword: str, vr: str, values: Sequence[str]) -> _Demand | None:
    """What the values of the key demand; None where anything matches. Raises IdentifierRefused."""
    if vr in _NUMBERS:
        return _Numbers(tuple(values)) if values and not any(is_universal(value) for value in values) else None
    try:
        return criterion_of(Attribute(keyword, Level.STUDY, _KINDS.get(vr, Kind.TEXT), ""), values)
    except BadKey as error:
        raise IdentifierRefused(str(error)) from None


def _name(value: str) -> dict[str, str]:
    """A name as DICOM JSON has it (PS3.18 F.2.2)."""
    return dict(zip(_GROUPS, value.split("="), strict=False))


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value]
