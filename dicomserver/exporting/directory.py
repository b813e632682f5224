"""Writes the DICOMDIR of a set of files (PS3.3 Annex F, PS3.10 8): patients, studies, series, instances, in this order.

Records come from prepared metadata, so that no file is opened. What a record must say and the instance does not is
filled in: UNKNOWN, a number in order, the next best date. Text is UTF-8 throughout.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, generate_uid

from dicomserver.exporting.record_keys import (
    BY_RECORD_TYPE,
    DATE,
    NUMBER,
    PATIENT,
    SERIES,
    STUDY,
    TIME,
    Keys,
    record_type_of,
)

CHARACTER_SET: Final = "ISO_IR 192"
FILE_SET_ID: Final = "EXPORT"
_IN_USE: Final = 0xFFFF
_DATES: Final = ("ContentDate", "AcquisitionDate", "SeriesDate", "StudyDate", "InstanceCreationDate")
_TIMES: Final = ("ContentTime", "AcquisitionTime", "SeriesTime", "StudyTime", "InstanceCreationTime")
# Tag and length of an item (PS3.5 7.5).
_ITEM_HEAD_BYTES: Final = 8
_OFFSETS: Final = (
    "OffsetOfTheNextDirectoryRecord",
    "OffsetOfReferencedLowerLevelDirectoryEntity",
)

WANTED: Final = frozenset(
    {keyword for keys in (PATIENT, STUDY, SERIES, *BY_RECORD_TYPE.values()) for keyword in keys.all}
    | {*_DATES, *_TIMES, "SOPClassUID", "SOPInstanceUID", "VerifyingObserverSequence"}
)


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of the set: the components of its File ID, what its instance says (WANTED), and its transfer syntax."""

    file_id: tuple[str, ...]
    ds: Dataset
    transfer_syntax_uid: str


@dataclass(slots=True)
class _Record:
    ds: Dataset
    children: "dict[str, _Record]" = field(default_factory=dict)


def directory_of(files: Iterable[ListedFile], *, fallback_day: str, seed: str) -> bytes:
    """The DICOMDIR as a Part-10 file. `fallback_day` (YYYYMMDD) stands in where no date is said at all.

    The same `seed` gives the same SOP Instance UID, so that the same files give the same bytes.
    """
    root: dict[str, _Record] = {}
    for file in files:
        ds = file.ds
        patient = _child(root, f"{ds.get('PatientID')}", "PATIENT", PATIENT, ds, fallback_day)
        study = _child(patient, str(ds.get("StudyInstanceUID")), "STUDY", STUDY, ds, fallback_day)
        series = _child(study, str(ds.get("SeriesInstanceUID")), "SERIES", SERIES, ds, fallback_day)
        _add_leaf(series, file, fallback_day)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["DICOMDIR", seed])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    written = BytesIO()
    _linked(root, meta).save_as(written, enforce_file_format=True)
    return written.getvalue()


def _child(
    parent: "dict[str, _Record]", key: str, record_type: str, keys: Keys, ds: Dataset, day: str
) -> "dict[str, _Record]":
    if key not in parent:
        parent[key] = _Record(_record(record_type, keys, ds, len(parent) + 1, day))
    return parent[key].children


def _add_leaf(series: "dict[str, _Record]", file: ListedFile, day: str) -> None:
    sop_class_uid = str(file.ds.get("SOPClassUID", ""))
    record_type = record_type_of(sop_class_uid)
    record = _record(record_type, BY_RECORD_TYPE[record_type], file.ds, len(series) + 1, day)
    record.ReferencedFileID = list(file.file_id)
    record.ReferencedSOPClassUIDInFile = sop_class_uid
    record.ReferencedSOPInstanceUIDInFile = str(file.ds.get("SOPInstanceUID", ""))
    record.ReferencedTransferSyntaxUIDInFile = file.transfer_syntax_uid
    series["/".join(file.file_id)] = _Record(record)


def _record(record_type: str, keys: Keys, ds: Dataset, number: int, day: str) -> Dataset:
    record = Dataset()
    for keyword in _OFFSETS:
        setattr(record, keyword, 0)
    record.RecordInUseFlag = _IN_USE
    record.DirectoryRecordType = record_type
    record.SpecificCharacterSet = CHARACTER_SET
    for keyword, stand_in in keys.required.items():
        if _has_value(ds, keyword):
            record[keyword] = ds[keyword]
        else:
            _stand_in(record, keyword, stand_in, ds, number, day)
    for keyword in keys.may_be_empty:
        if _has_value(ds, keyword):
            record[keyword] = ds[keyword]
        else:
            setattr(record, keyword, [] if keyword.endswith("Sequence") else "")
    for keyword in keys.if_present:
        if _has_value(ds, keyword):
            record[keyword] = ds[keyword]
    if record.get("VerificationFlag") == "VERIFIED" and "VerificationDateTime" not in record:
        # Type 1C: the last of those who verified (PS3.3 C.17.2).
        moments = [str(item.get("VerificationDateTime") or "") for item in ds.get("VerifyingObserverSequence") or []]
        record.VerificationDateTime = max(moments, default="") or f"{record.ContentDate}{record.ContentTime}"
    return record


def _stand_in(record: Dataset, keyword: str, stand_in: str, ds: Dataset, number: int, day: str) -> None:
    if keyword == "ConceptNameCodeSequence":
        unnamed = Dataset()
        # PS3.16 CID 7010 "Document", which is what any document at least is.
        unnamed.CodeValue, unnamed.CodingSchemeDesignator, unnamed.CodeMeaning = "121181", "DCM", "DICOM Object Catalog"
        setattr(record, keyword, Sequence([unnamed]))
        return
    found: Any = stand_in
    if stand_in == DATE:
        found = next((ds[other].value for other in _DATES if _has_value(ds, other)), day)
    elif stand_in == TIME:
        found = next((ds[other].value for other in _TIMES if _has_value(ds, other)), "000000")
    elif stand_in == NUMBER:
        found = number
    elif stand_in.isdigit():
        found = int(stand_in)
    setattr(record, keyword, found)


def _has_value(ds: Dataset, keyword: str) -> bool:
    return keyword in ds and ds[keyword].VM > 0 and ds[keyword].value not in (None, "")


def _linked(root: "dict[str, _Record]", meta: FileMetaDataset) -> FileDataset:
    """The directory, whose records name each other by where they begin in the file."""
    ordered: list[_Record] = []
    _gather(root, ordered)
    directory = FileDataset("", Dataset(), preamble=bytes(128), file_meta=meta)
    directory.FileSetID = FILE_SET_ID
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.FileSetConsistencyFlag = 0
    directory.DirectoryRecordSequence = Sequence([])
    empty = BytesIO()
    directory.save_as(empty, enforce_file_format=True)
    # An empty sequence ends where the first of its items would begin.
    at, places = len(empty.getvalue()), {}
    for record in ordered:
        places[id(record)] = at
        at += _ITEM_HEAD_BYTES + _encoded_bytes(record.ds)
    _link(list(root.values()), places)
    for record in ordered:
        if record.children:
            below = list(record.children.values())
            record.ds.OffsetOfReferencedLowerLevelDirectoryEntity = places[id(below[0])]
            _link(below, places)
    patients = list(root.values())
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = places[id(patients[0])]
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = places[id(patients[-1])]
    directory.DirectoryRecordSequence = Sequence([record.ds for record in ordered])
    return directory


def _gather(records: "dict[str, _Record]", ordered: list[_Record]) -> None:
    for record in records.values():
        ordered.append(record)
        _gather(record.children, ordered)


def _link(siblings: list[_Record], places: dict[int, int]) -> None:
    for record, following in itertools.pairwise(siblings):
        record.ds.OffsetOfTheNextDirectoryRecord = places[id(following)]


def _encoded_bytes(record: Dataset) -> int:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = False, True
    write_dataset(buffer, record, CHARACTER_SET)
    return len(buffer.getvalue())
