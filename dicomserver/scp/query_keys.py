"""Reads the Identifier of a C-FIND: which entities of which information model are asked for (PS3.4 C.4.1, C.6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from dicomserver.query.attributes import BY_TAG, UNIQUE_KEYS, Attribute, Kind, Level
from dicomserver.query.criteria import Criterion, ItemWith
from dicomserver.query.requests import QueryRequest
from dicomserver.query.values import BadKey, criterion_of, with_moments
from dicomserver.query.wildcards import has_wildcard
from dicomserver.scp.serving import CANNOT_UNDERSTAND, IDENTIFIER_DOES_NOT_MATCH

SPECIFIC_CHARACTER_SET: Final = 0x00080005
QUERY_RETRIEVE_LEVEL: Final = 0x00080052
RETRIEVE_AE_TITLE: Final = 0x00080054
# They say how the others are meant, and are no keys.
_NO_KEYS: Final = frozenset({SPECIFIC_CHARACTER_SET, QUERY_RETRIEVE_LEVEL, RETRIEVE_AE_TITLE})
_LEVEL_NAMES: Final = {
    "PATIENT": Level.PATIENT,
    "STUDY": Level.STUDY,
    "SERIES": Level.SERIES,
    "IMAGE": Level.INSTANCE,
}

# PS3.4 C.6.1, C.6.2, C.6.3 (retired): the levels of each information model.
PATIENT_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.1.1"
STUDY_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
PATIENT_STUDY_ONLY_FIND: Final = "1.2.840.10008.5.1.4.1.2.3.1"
MODELS: Final = {
    PATIENT_ROOT_FIND: (Level.PATIENT, Level.STUDY, Level.SERIES, Level.INSTANCE),
    STUDY_ROOT_FIND: (Level.STUDY, Level.SERIES, Level.INSTANCE),
    PATIENT_STUDY_ONLY_FIND: (Level.PATIENT, Level.STUDY),
}


class Unacceptable(Exception):
    """The Identifier cannot be answered; the message is for the peer's user, and repeats no value."""

    def __init__(self, status: int, comment: str, offending: int | None = None) -> None:
        super().__init__(comment)
        self.status = status
        self.offending = offending


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What both sides agreed on by SOP Class Extended Negotiation (PS3.4 Table C.5-2)."""

    relational: bool = False
    combined_moments: bool = False
    fuzzy: bool = False

    @classmethod
    def of(cls, information: bytes) -> "Negotiated":
        """Of the Service-class-application-information that was accepted."""
        relational, combined, fuzzy = (byte == 1 for byte in information[:3].ljust(3, b"\0"))
        return cls(relational, combined, fuzzy)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a C-FIND asks for: the query, its elements in the order of the Identifier, and what the index cannot tell.

    `others` are tags that only the instances' own data sets have; `is_supported` is false where a key is neither
    matched nor told. `items` are the elements that are asked for of a sequence's items, by the sequence's tag.
    """

    request: QueryRequest
    level: str
    elements: tuple[tuple[int, str], ...]
    others: frozenset[int]
    is_supported: bool
    character_set: tuple[str, ...]
    items: dict[int, tuple[tuple[int, str], ...]]


def parse_identifier(identifier: Dataset, sop_class_uid: str, negotiated: Negotiated) -> Asked:
    """The query of an Identifier. Raises Unacceptable."""
    name, level = _level(identifier, sop_class_uid)
    if not negotiated.relational:
        _require_hierarchy(identifier, level, MODELS[sop_class_uid])
    criteria: list[tuple[Attribute, Criterion]] = []
    returned, others = set(), set()
    items: dict[int, tuple[tuple[int, str], ...]] = {}
    is_supported = True
    for element in _keys(identifier):
        attribute = BY_TAG.get(element.tag)
        if attribute is None or attribute.level > level or (attribute.items and level is not attribute.level):
            others.add(int(element.tag))
            is_supported = is_supported and level is Level.INSTANCE and not any(_texts(element))
            continue
        returned.add(attribute.keyword)
        if attribute.items:
            item = _item(element)
            items[attribute.tag] = tuple((int(one.tag), str(one.VR)) for one in _keys(item))
            known = {one.tag for one in attribute.items}
            is_supported = is_supported and all(tag in known for tag, _ in items[attribute.tag])
            criteria += _item_criteria(attribute, item)
            continue
        values = [text for text in _texts(element) if text]
        if attribute.kind is Kind.RETURNED:
            is_supported = is_supported and not values
        elif (criterion := _criterion(attribute, values, fuzzy=negotiated.fuzzy)) is not None:
            criteria.append((attribute, criterion))
    if negotiated.combined_moments:
        criteria = with_moments(criteria)
    return Asked(
        request=QueryRequest(level, tuple(criteria), frozenset(returned)),
        level=name,
        elements=tuple((int(element.tag), str(element.VR)) for element in _keys(identifier, with_ae_title=True)),
        others=frozenset(others) if level is Level.INSTANCE else frozenset(),
        is_supported=is_supported,
        character_set=tuple(_texts(identifier[SPECIFIC_CHARACTER_SET])) if SPECIFIC_CHARACTER_SET in identifier else (),
        items=items,
    )


def _item(element: DataElement) -> Dataset:
    """The one item of a sequence that is a key (PS3.4 C.2.2.2.6); no items are as one without elements."""
    found: Any = element.value
    if not found:
        return Dataset()
    if not isinstance(found, Sequence) or len(found) > 1:
        comment = f"{element.keyword} must be a sequence of one item."
        raise Unacceptable(CANNOT_UNDERSTAND, comment, int(element.tag))
    return found[0]


def _item_criteria(attribute: Attribute, item: Dataset) -> list[tuple[Attribute, Criterion]]:
    """What the item demands, all of one item of what matches."""
    keys = []
    for key in attribute.items:
        values = [text for text in _texts(item[key.tag]) if text] if key.tag in item else []
        if (criterion := _criterion(key, values, fuzzy=False)) is not None:
            keys.append((key, criterion))
    return [(attribute, ItemWith(tuple(keys)))] if keys else []


def _level(identifier: Dataset, sop_class_uid: str) -> tuple[str, Level]:
    texts = _texts(identifier[QUERY_RETRIEVE_LEVEL]) if QUERY_RETRIEVE_LEVEL in identifier else []
    if len(texts) != 1 or not texts[0]:
        raise Unacceptable(IDENTIFIER_DOES_NOT_MATCH, "Query/Retrieve Level is missing.", QUERY_RETRIEVE_LEVEL)
    levels = [_name for _name, level in _LEVEL_NAMES.items() if level in MODELS[sop_class_uid]]
    if texts[0] not in levels:
        allowed = f"{', '.join(levels[:-1])} or {levels[-1]}"
        raise Unacceptable(IDENTIFIER_DOES_NOT_MATCH, f"The level must be {allowed}.", QUERY_RETRIEVE_LEVEL)
    return texts[0], _LEVEL_NAMES[texts[0]]


def _require_hierarchy(identifier: Dataset, level: Level, levels: tuple[Level, ...]) -> None:
    """PS3.4 C.4.1.2.1: without relational queries, each level above is named by one value of its unique key."""
    for above in levels[: levels.index(level)]:
        key = UNIQUE_KEYS[above]
        texts = [text for text in _texts(identifier[key.tag]) if text] if key.tag in identifier else []
        if len(texts) != 1 or has_wildcard(texts[0]):
            raise Unacceptable(IDENTIFIER_DOES_NOT_MATCH, f"{key.keyword} must be one value here.", key.tag)


def _criterion(attribute: Attribute, values: list[str], *, fuzzy: bool) -> Criterion | None:
    try:
        return criterion_of(attribute, values, fuzzy=fuzzy)
    except BadKey as error:
        raise Unacceptable(CANNOT_UNDERSTAND, str(error), attribute.tag) from error


def _keys(identifier: Dataset, *, with_ae_title: bool = False) -> Iterator[DataElement]:
    """The elements that are keys; group lengths are none."""
    for element in identifier:
        is_key = element.tag not in _NO_KEYS or (with_ae_title and element.tag == RETRIEVE_AE_TITLE)
        if is_key and element.tag.element != 0:
            yield element


def _texts(element: DataElement) -> list[str]:
    """The element's values as text; of a sequence none."""
    value: Any = element.value
    if element.VR == "SQ" or value is None:
        return []
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    several = value if isinstance(value, MultiValue | list) else [value]
    return ["" if one is None else str(one).strip(" \0") for one in several]
