"""What becomes of each attribute: the Basic Application Level Confidentiality Profile (PS3.15 Table E.1-1) and options.

Where the table names several actions, by the type that an attribute has in an IOD, the one that is valid for all types
and tells nothing is taken: X/Z empties, whatever ends with D gets a dummy value.
"""

import json
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword

from wire.deidentification import Option

# Part of the state of what is kept: another way of cleaning makes other answers.
CLEANED_AS: Final = "1"
Options = tuple[Option, ...]

DATE_VRS: Final = frozenset({"DA", "DT", "TM"})
BINARY_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW"})
# Text that people write, names, addresses and what nobody can read: kept only where the table says so.
_TELLING_VRS: Final = frozenset({"AE", "LT", "PN", "ST", "UN", "UR", "UT"})
_PSEUDONYM_TAGS: Final = frozenset({0x00100010, 0x00100020})
_KINDS: Final = {
    **dict.fromkeys(("CS", "LO", "SH", "UC"), "text"),
    **dict.fromkeys(("DS", "IS"), "number as text"),
    **dict.fromkeys(("AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"), "number"),
    **dict.fromkeys(BINARY_VRS, "binary"),
}
# Curves and overlays are graphics drawn by people; only some of these attributes are in the table.
_GRAPHICS_GROUPS: Final = frozenset({*range(0x5000, 0x5020, 2), *range(0x6000, 0x6020, 2)})

# Not in the table, and yet of a person or a place, or text that people write.
_ALSO_REMOVED: Final = frozenset(
    tag
    for keyword in (
        "AssignedLocation",
        "BoardingPassID",
        "BreedRegistrationNumber",
        "CarrierID",
        "ConfidentialityCode",
        "ContentDescription",
        "DataSetDescription",
        "DataSetName",
        "DataSetSource",
        "DeviceID",
        "DoseComment",
        "EncryptedAttributesSequence",
        "FrameOfReferenceTransformationComment",
        "ImageID",
        "InstructionText",
        "ItineraryID",
        "ItineraryIDAssigningAuthority",
        "NTPSourceAddress",
        "OwnerID",
        "PatientAlternativeCalendar",
        "PatientBirthDateInAlternativeCalendar",
        "PatientDeathDateInAlternativeCalendar",
        "PatientReliabilityIndicator",
        "PerformedProcedureTypeDescription",
        "PotentialReasonsForProcedure",
        "RTImageLabel",
        "RTImageName",
        "RadiationMachineName",
        "RouteID",
        "RouteIDAssigningAuthority",
        "RouteOfAdmissions",
        "StorageMediaFileSetID",
        "SubstanceAdministrationNotes",
        "SystemStatusComment",
        "TestResultComment",
    )
    if (tag := tag_for_keyword(keyword)) is not None
)


class Action(Enum):
    """What becomes of an attribute; a sequence that is kept is cleaned within."""

    KEEP = auto()
    CHECK = auto()
    REMOVE = auto()
    EMPTY = auto()
    DUMMY = auto()
    MAP = auto()
    SHIFT = auto()
    PSEUDONYM = auto()


_BASIC: Final = {
    "X": Action.REMOVE,
    "Z": Action.EMPTY,
    "X/Z": Action.EMPTY,
    "D": Action.DUMMY,
    "Z/D": Action.DUMMY,
    "X/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
    "U": Action.MAP,
    # Sequences of references: their UIDs are mapped.
    "X/Z/U*": Action.KEEP,
}
_TABLE: Final[dict[int, dict[str, str]]] = {
    int(tag, 16): columns
    for tag, columns in json.loads(Path(__file__).with_name("table_e1_1.json").read_text(encoding="utf-8"))[
        "attributes"
    ].items()
}


def profiled_tags() -> frozenset[int]:
    """The attributes that the table names one by one."""
    return frozenset(_TABLE)


def vr_of(tag: int, sent_vr: str | None) -> str:
    """The VR that the standard gives the attribute, of several the first; UN for one that it does not know."""
    if not dictionary_has_tag(tag):
        return "UN"
    known = dictionary_VR(tag)
    possible = known.split(" or ")
    return sent_vr if sent_vr in possible else str(possible[0])


def is_ambiguous(tag: int) -> bool:
    """Whether other elements tell if the attribute's numbers are signed (PS3.6)."""
    return dictionary_has_tag(tag) and dictionary_VR(tag) == "US or SS"


@lru_cache(maxsize=8192)
def action_for(tag: int, sent_vr: str | None, options: Options) -> Action:
    """What becomes of a standard attribute that came with this VR (None or UN where it did not say).

    A VR that is not the standard's could hide a name among numbers: where it would mean another action, or values of
    another kind, the attribute goes.
    """
    known = _action(tag, vr_of(tag, sent_vr), options)
    if sent_vr is None or sent_vr == "UN" or known is Action.REMOVE:
        return known
    if known in {Action.KEEP, Action.CHECK} and not _is_of_its_kind(tag, sent_vr):
        return Action.REMOVE
    return known if _action(tag, sent_vr, options) is known else Action.REMOVE


def _is_of_its_kind(tag: int, sent_vr: str) -> bool:
    kinds = {_KINDS.get(vr, vr) for vr in dictionary_VR(tag).split(" or ")}
    kind = _KINDS.get(sent_vr, sent_vr)
    return kind in kinds or (kind == "number" and "number as text" in kinds)


def _action(tag: int, vr: str, options: Options) -> Action:
    group, element = tag >> 16, tag & 0xFFFF
    if element == 0 or group <= 0x0004 or group % 2 or group in _GRAPHICS_GROUPS or tag in _ALSO_REMOVED:
        return Action.REMOVE
    if tag in _PSEUDONYM_TAGS:
        return Action.PSEUDONYM
    columns = _TABLE.get(tag)
    if columns is None:
        return _unlisted(vr, options, is_known=dictionary_has_tag(tag))
    if columns.get("patient_characteristics") == "K" and Option.RETAIN_PATIENT_CHARACTERISTICS in options:
        return Action.CHECK
    if columns.get("device_identity") == "K" and Option.RETAIN_DEVICE_IDENTITY in options and vr not in DATE_VRS:
        return Action.KEEP
    if "modified_dates" in columns and Option.SHIFT_DATES in options and vr in DATE_VRS:
        return Action.SHIFT
    return _fitting(_BASIC[columns["basic"]], vr)


def _unlisted(vr: str, options: Options, *, is_known: bool) -> Action:
    if not is_known or vr in _TELLING_VRS:
        return Action.REMOVE
    if vr == "UI":
        return Action.MAP
    if vr in DATE_VRS:
        return Action.SHIFT if Option.SHIFT_DATES in options else Action.EMPTY
    return Action.KEEP


def _fitting(action: Action, vr: str) -> Action:
    """A sequence has no dummy value, and only a UID is mapped."""
    if action is Action.DUMMY and vr == "SQ":
        return Action.EMPTY
    if action is Action.DUMMY and vr == "UI":
        return Action.MAP
    if action is Action.MAP and vr != "UI":
        return Action.REMOVE
    return action if action is not Action.KEEP or vr == "SQ" else Action.REMOVE
