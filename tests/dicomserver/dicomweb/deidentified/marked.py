"""A CT slice in which every attribute of PS3.15 Table E.1-1 holds a mark that may not get out."""

from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from dicomserver.dicomweb.deidentified.profile import profiled_tags
from tests.dicomserver.objects import small_ct

MARK = "LEAK"
# Of the file meta and the directory, and those that make the instance what it is.
_NOT_MARKED_GROUPS = {0x0000, 0x0002, 0x0004}
IDENTIFIERS = {"SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"}
BIRTH = "19620831"
STUDY_DAY = "20260102"
# A number of each kind that no other part of an answer has.
_NUMBERS: dict[str, Any] = {"US": 54321, "UL": 3987654321, "SS": -23456, "SL": -1987654321, "FD": 1234.56789, "FL": 2.5}
MARKED_UID = "1.2.826.0.1.3680043.9999"


def marked_ct(**changes: Any) -> Dataset:
    """The slice; each mark is "LEAK" and a number, or a UID under MARKED_UID."""
    ds = small_ct(**changes)
    for number, tag in enumerate(sorted(profiled_tags())):
        if tag >> 16 in _NOT_MARKED_GROUPS or (ds.get_item(tag) is not None and Tag(tag) in _identifier_tags(ds)):
            continue
        ds[tag] = marked_element(tag, number)
    _add_beyond_the_table(ds)
    return ds


def marked_element(tag: int, number: int, depth: int = 0) -> DataElement:
    """The attribute with a mark in its VR, as far as that can hold one."""
    vr = dictionary_VR(tag).split(" or ")[0] if dictionary_has_tag(tag) else "LO"
    mark = f"{MARK}{number:04}"
    if vr == "SQ":
        item = Dataset()
        item.PatientName = f"{mark}^Nested"
        item.StudyDescription = mark
        item.ReferencedSOPInstanceUID = f"{MARKED_UID}.{number}"
        if depth < 3:
            item[tag] = marked_element(tag, number, depth + 1)
        return DataElement(tag, vr, [item])
    if vr == "UI":
        return DataElement(tag, vr, f"{MARKED_UID}.{number}")
    if vr in {"OB", "OW", "UN"}:
        return DataElement(tag, vr, mark.encode())
    if vr in {"OF", "OL", "OD", "OV"}:
        return DataElement(tag, vr, mark.encode() * 2)
    if vr == "DA":
        return DataElement(tag, vr, STUDY_DAY)
    if vr == "TM":
        return DataElement(tag, vr, "101112.777")
    if vr == "DT":
        return DataElement(tag, vr, f"{STUDY_DAY}101112.777")
    if vr in {"DS", "IS"}:
        return DataElement(tag, vr, "98765431")
    if vr == "AS":
        return DataElement(tag, vr, "097Y")
    return DataElement(tag, vr, _NUMBERS.get(vr, mark))


def _identifier_tags(ds: Dataset) -> set[int]:
    return {ds[keyword].tag for keyword in IDENTIFIERS}


def _add_beyond_the_table(ds: Dataset) -> None:
    """Where names hide besides: private blocks, overlays, curves, text of no listed attribute, the end of the file."""
    block = ds.private_block(0x0009, "VENDOR LEAK9001", create=True)
    block.add_new(0x01, "LO", "LEAK9002")
    nested = Dataset()
    nested.PatientID = "LEAK9003"
    block.add_new(0x02, "SQ", [nested])
    for tag, vr, value in (
        (0x60004000, "LO", "LEAK9004"),
        (0x60000022, "LO", "LEAK9005"),
        (0x60001500, "LO", "LEAK9006"),
        (0x60003000, "OW", b"LEAK9007"),
        (0x50003000, "OW", b"LEAK9008"),
        (0x50002500, "LO", "LEAK9009"),
        (0x00187FFE, "LO", "LEAK9010"),
        (0x00100033, "LO", "LEAK9011"),
        (0x00181003, "LO", "LEAK9012"),
        (0xFFFCFFFC, "OB", b"LEAK9013"),
        (0x00081115, "SQ", [nested]),
    ):
        ds[tag] = DataElement(tag, vr, value)
    item = Dataset()
    item.SeriesInstanceUID = ds.SeriesInstanceUID
    item.PatientName = "LEAK9014"
    item.add_new(0x00091010, "LO", "LEAK9015")
    ds.ReferencedSeriesSequence = [item]
    ds.PatientBirthDate = BIRTH
