"""Cleans a data set: a new one is made of what may stay, so that nothing stays by being forgotten."""

from collections.abc import Iterator
from typing import Any, Final

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from dicomserver.dicomweb.deidentified.disguise import Disguise, checked, dummy
from dicomserver.dicomweb.deidentified.private import NUMBER_TEXT_VRS, NUMBERS, safe_vr
from dicomserver.dicomweb.deidentified.profile import BINARY_VRS, Action, Options, action_for, is_ambiguous, vr_of
from wire.deidentification import BASIC_PROFILE_CODE, OPTION_CODES, Option

MAX_DEPTH: Final = 32
_METHOD: Final = "DICOM PS3.15 Annex E"
# Text is decoded to be compared with patterns of ASCII alone.
_ENCODING: Final = "latin-1"

Elements = dict[BaseTag, Any]


def clean(ds: Dataset, disguise: Disguise) -> Dataset:
    """What may stay of an instance's data set, and what was done to it (PS3.3 C.12.1.1.1, C.12.1.1.7).

    Values that are not in memory are left out: see `stays_as_it_is`.
    """
    cleaned = _cleaned(ds, disguise, 0)
    options = disguise.options
    cleaned.PatientName = disguise.pseudonym
    cleaned.PatientID = disguise.pseudonym
    cleaned.PatientIdentityRemoved = "YES"
    cleaned.DeidentificationMethod = _METHOD
    cleaned.DeidentificationMethodCodeSequence = [_code(*code) for code in _codes(options)]
    cleaned.LongitudinalTemporalInformationModified = "MODIFIED" if Option.SHIFT_DATES in options else "REMOVED"
    return cleaned


def stays_as_it_is(tag: int, sent_vr: str | None, options: Options) -> bool:
    """Whether the bytes of a value too large for the memory may be sent: tables and pixels, nothing that is read."""
    return vr_of(tag, sent_vr) in BINARY_VRS and action_for(tag, sent_vr or None, options) is Action.KEEP


def _codes(options: Options) -> Iterator[tuple[str, str]]:
    yield BASIC_PROFILE_CODE
    for option in options:
        yield OPTION_CODES[option]


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = "DCM"
    item.CodeMeaning = meaning
    return item


def _cleaned(ds: Dataset, disguise: Disguise, depth: int) -> Dataset:
    elements: Elements = {}
    for tag in sorted(ds.keys()):
        raw: Any = ds.get_item(tag, keep_deferred=True)
        if tag.is_private:
            if Option.RETAIN_SAFE_PRIVATE in disguise.options:
                _add_private(elements, ds, tag, raw)
            continue
        try:
            kept = _kept(ds, tag, raw, disguise, depth)
        except Exception:  # noqa: BLE001, S112 - pydicom answers broken values with errors of many types
            continue
        if kept is not None:
            elements[tag] = kept
    encoding = ds.original_character_set or "iso8859"
    cleaned = Dataset(elements, parent_encoding=encoding)
    implicit, little_endian = ds.original_encoding
    cleaned.set_original_encoding(implicit, little_endian, encoding)
    return cleaned


def _kept(ds: Dataset, tag: BaseTag, raw: Any, disguise: Disguise, depth: int) -> Any:
    """The element as it may stay; None where it may not."""
    vr = vr_of(int(tag), raw.VR)
    match action_for(int(tag), raw.VR, disguise.options):
        case Action.REMOVE:
            return None
        case Action.KEEP:
            return _as_it_is(ds, tag, raw, vr, disguise, depth)
        case Action.EMPTY:
            return DataElement(tag, vr, [] if vr == "SQ" else None)
        case Action.DUMMY:
            return DataElement(tag, vr, dummy(vr))
        case Action.PSEUDONYM:
            return DataElement(tag, vr, disguise.pseudonym)
        case Action.MAP:
            return DataElement(tag, vr, [disguise.uid(text) for text in _texts(raw)])
        case Action.SHIFT:
            return DataElement(tag, vr, [disguise.shifted(vr, text) for text in _texts(raw)])
        case Action.CHECK:
            if vr in BINARY_VRS or vr in {"US", "UL"}:
                return raw
            return DataElement(tag, vr, [checked(vr, text) for text in _texts(raw)])


def _as_it_is(ds: Dataset, tag: BaseTag, raw: Any, vr: str, disguise: Disguise, depth: int) -> Any:
    if vr == "SQ" or raw.VR == "SQ":
        items = ds[tag].value
        if not isinstance(items, Sequence) or depth >= MAX_DEPTH:
            return None
        return DataElement(tag, "SQ", [_cleaned(item, disguise, depth + 1) for item in items])
    if isinstance(raw, RawDataElement):
        if raw.value is None and raw.length:
            return None
        if vr in NUMBER_TEXT_VRS and isinstance(raw.value, bytes) and not NUMBERS.fullmatch(raw.value):
            return None
        # Decoded with what is around it: its VR, or whether its numbers are signed, is told there.
        return ds[tag] if raw.VR == "UN" or (raw.VR is None and is_ambiguous(int(tag))) else raw
    return None if raw.VR == "UN" else raw


def _texts(raw: Any) -> list[str]:
    """The values as they stand, without padding."""
    value = raw.value
    if isinstance(value, bytes):
        value = value.decode(_ENCODING).split("\\")
    several = value if isinstance(value, MultiValue | list) else [] if value is None else [value]
    return [text for one in several if (text := str(one).strip(" \0\t\r\n"))]


def _add_private(elements: Elements, ds: Dataset, tag: BaseTag, raw: Any) -> None:
    creator_tag = BaseTag(int(tag) & 0xFFFF0000 | (tag.element >> 8))
    if tag.element < 0x1000 or not isinstance(raw, RawDataElement):
        return
    creator = _texts(ds.get_item(creator_tag, keep_deferred=True)) if creator_tag in ds else []
    vr = safe_vr(creator[0], int(tag), raw.VR, raw.value) if len(creator) == 1 else ""
    if vr:
        elements[creator_tag] = DataElement(creator_tag, "LO", creator[0])
        elements[tag] = raw._replace(VR=vr)
