"""The parameters of a search (PS3.18 8.3.4): what to match, what to tell of each match, and which page is wanted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict
from pydicom.datadict import tag_for_keyword

from dicomserver.dicomweb.problems import invalid
from dicomserver.query.attributes import ATTRIBUTES, BY_TAG, Attribute, Kind, Level, attributes_of
from dicomserver.query.criteria import Criterion, ItemWith, OneOf
from dicomserver.query.values import BadKey, criterion_of
from wire.text import SHORT_LENGTH, clean

_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}")
_NOT_ATTRIBUTES: Final = frozenset({"limit", "offset", "includefield", "fuzzymatching", "accept", "charset"})
_FLAGS: Final = {"true": True, "false": False}
_UIDS: Final = frozenset({Kind.UID, Kind.BELOW_UIDS})

# PS3.18 Tables 10.6.3-3 to 10.6.3-5, and what lists show of each.
_TOLD: Final = {
    Level.STUDY: frozenset(
        {
            "StudyDate", "StudyTime", "AccessionNumber", "InstanceAvailability", "ModalitiesInStudy",
            "ReferringPhysicianName", "TimezoneOffsetFromUTC", "StudyDescription", "PatientName", "PatientID",
            "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "StudyID", "NumberOfStudyRelatedSeries",
            "NumberOfStudyRelatedInstances",
        }
    ),
    Level.SERIES: frozenset(
        {
            "SeriesDate", "SeriesTime", "Modality", "TimezoneOffsetFromUTC", "SeriesDescription", "BodyPartExamined",
            "ProtocolName", "SeriesNumber", "NumberOfSeriesRelatedInstances", "PerformedProcedureStepStartDate",
            "PerformedProcedureStepStartTime", "RequestAttributesSequence",
        }
    ),
    Level.INSTANCE: frozenset(
        {
            "SOPClassUID", "InstanceAvailability", "Modality", "TimezoneOffsetFromUTC", "AvailableTransferSyntaxUID",
            "InstanceNumber", "NumberOfFrames", "Rows", "Columns", "BitsAllocated",
        }
    ),
}  # fmt: skip
# They tell of studies that the token of one study does not open.
OF_OTHER_STUDIES: Final = frozenset(keyword for keyword in ATTRIBUTES if keyword.startswith("NumberOfPatientRelated"))


@dataclass(frozen=True, slots=True)
class Search:
    """What a search asks for.

    `returned` are attributes of the index by keyword; `others` the tags of more that are wanted of instances, None
    where everything is.
    """

    keys: tuple[tuple[Attribute, Criterion], ...]
    returned: frozenset[str]
    others: frozenset[str] | None
    limit: int | None
    offset: int

    @property
    def study_instance_uids(self) -> list[str]:
        """The studies that are named."""
        named = (one for key, one in self.keys if key.keyword == "StudyInstanceUID" and isinstance(one, OneOf))
        return [uid for one in named for uid in one.values]


def parse_search(parameters: QueryDict, level: Level, above: frozenset[Level]) -> Search:
    """The search of a URL for entities of the level; the attributes of `above` are told too. Raises Refused (400)."""
    fuzzy = _FLAGS.get(_single(parameters, "fuzzymatching") or "false")
    if fuzzy is None:
        raise invalid("fuzzymatching is true or false.")
    keys, wanted = _keys(parameters, level, fuzzy=fuzzy)
    included, others = _included(parameters, level)
    told = frozenset().union(*(_TOLD[one] for one in {level, *above}))
    return Search(
        keys=tuple(keys),
        returned=told | wanted | included,
        others=others,
        limit=_number(parameters, "limit"),
        offset=_number(parameters, "offset") or 0,
    )


def _keys(
    parameters: QueryDict, level: Level, *, fuzzy: bool
) -> tuple[list[tuple[Attribute, Criterion]], frozenset[str]]:
    """What is matched, and the keywords of all keys, which are told too."""
    keys, wanted = [], set()
    # All that is asked of a sequence is asked of one item (PS3.4 C.2.2.2.6).
    of_items: dict[str, list[tuple[Attribute, Criterion]]] = {}
    for name in parameters:
        if name in _NOT_ATTRIBUTES:
            continue
        sequence, attribute = _attribute(name, level)
        values = [value for given in parameters.getlist(name) for value in _split(attribute, given)]
        try:
            criterion = criterion_of(attribute, values, fuzzy=fuzzy)
        except BadKey as error:
            raise invalid(str(error)) from error
        wanted.add((sequence or attribute).keyword)
        if criterion is None:
            continue
        if sequence is not None:
            of_items.setdefault(sequence.keyword, []).append((attribute, criterion))
        else:
            keys.append((attribute, criterion))
    keys += [(ATTRIBUTES[keyword], ItemWith(tuple(several))) for keyword, several in of_items.items()]
    return keys, frozenset(wanted)


def _attribute(name: str, level: Level) -> tuple[Attribute | None, Attribute]:
    """The attribute of a parameter, and the sequence where it lies within one: `Sequence.Attribute`.

    Raises Refused where it is none, or none that is matched at the level.
    """
    outer, _, inner = name.partition(".")
    tag = _tag(outer)
    attribute = BY_TAG.get(tag) if tag is not None else None
    if attribute is not None and attribute.level <= level:
        if not inner and outer == name:
            return None, attribute
        for one in attribute.items:
            if _tag(inner) == one.tag:
                return attribute, one
    tag = _tag(name)
    shown = clean(name, SHORT_LENGTH)
    if "." in name and all(_tag(part) is not None for part in name.split(".")):
        raise invalid(f"{shown} lies within a sequence, and is not matched here.")
    if tag is None:
        raise invalid(f"{shown} is no attribute of DICOM, and no other parameter of a search.")
    raise invalid(f"{shown} is not matched in a search for {_PLURALS[level]}.")


_PLURALS: Final = {Level.STUDY: "studies", Level.SERIES: "series", Level.INSTANCE: "instances"}


def _tag(name: str) -> int | None:
    return int(name, 16) if _TAG.fullmatch(name) else tag_for_keyword(name)


def _split(attribute: Attribute, given: str) -> list[str]:
    """Values are parted by backslash; a comma parts those that cannot have one (UIDs, codes)."""
    if attribute.kind in _UIDS or attribute.vr == "CS":
        return re.split(r"[,\\]", given) if given else []
    return given.split("\\") if given else []


def _included(parameters: QueryDict, level: Level) -> tuple[frozenset[str], frozenset[str] | None]:
    """Keywords of the index's attributes that are wanted too, and tags of others."""
    names = list(_included_names(parameters))
    if "all" in names:
        return frozenset(one.keyword for one in attributes_of(level)), None
    known, others = set(), set()
    for name in names:
        # Of a value within a sequence, the whole sequence is told.
        tag = _tag(name.partition(".")[0])
        if tag is None:
            raise invalid(f"includefield: {clean(name, SHORT_LENGTH)} is no attribute of DICOM.")
        attribute = BY_TAG.get(tag)
        if attribute is not None and attribute.level <= level and not (attribute.items and level is Level.INSTANCE):
            known.add(attribute.keyword)
        else:
            others.add(f"{tag:08X}")
    return frozenset(known), frozenset(others)


def _included_names(parameters: QueryDict) -> Iterator[str]:
    for given in parameters.getlist("includefield"):
        yield from (name for name in given.split(",") if name)


def _number(parameters: QueryDict, name: str) -> int | None:
    text = _single(parameters, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise invalid(f"{name} is a number from 0.")
    return int(text)


def _single(parameters: QueryDict, name: str) -> str | None:
    given = parameters.getlist(name)
    if len(given) > 1:
        raise invalid(f"{name} is given more than once.")
    return given[0] if given else None
