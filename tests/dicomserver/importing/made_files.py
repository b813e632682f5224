"""Files for the import's tests: Part-10 files, archives of them, and DICOMDIRs that say what a test wants."""

import io
import zipfile
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from dicomserver.archive import FileMeta
from dicomserver.archive.file_meta import encode_file_head
from tests.dicomserver.objects import EXPLICIT, encode, small_ct


def part10(ds: Dataset | None = None, transfer_syntax_uid: str = EXPLICIT) -> bytes:
    """The data set, or a CT slice, as a file."""
    ds = ds if ds is not None else small_ct()
    head = encode_file_head(FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, transfer_syntax_uid, "CT1", "SERVER_A"))
    return head + encode(ds, transfer_syntax_uid)


def zipped(entries: list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these entries, names as they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def dicomdir(references: list[tuple[Any, str]]) -> bytes:
    """A DICOMDIR whose image records name these file IDs and instances."""
    ds = Dataset()
    ds.FileSetID = "TEST"
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.FileSetConsistencyFlag = 0
    records = []
    for components, uid in references:
        record = Dataset()
        record.OffsetOfTheNextDirectoryRecord = 0
        record.RecordInUseFlag = 0xFFFF
        record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
        record.DirectoryRecordType = "IMAGE"
        record.ReferencedFileID = components
        record.ReferencedSOPInstanceUIDInFile = uid
        records.append(record)
    ds.DirectoryRecordSequence = Sequence(records)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def write(folder: Path, name: str, content: bytes) -> Path:
    """A file below the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
