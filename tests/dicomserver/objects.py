"""DICOM for tests: small data sets made here, and the files of the developers' set taken apart."""

import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import generate_uid

from dicomserver.archive.part10 import read_file_head
from tests.live_folders import files_in

PROJECT = Path(__file__).resolve().parents[2]
SHARED_DATA = PROJECT.parent / "shared" / "data"

CT = "1.2.840.10008.5.1.4.1.1.2"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_LS = "1.2.840.10008.1.2.4.80"


@dataclass(frozen=True)
class Sendable:
    """A data set as bytes, with what a C-STORE says of it."""

    data: bytes
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str = EXPLICIT


def small_ct(**changes: Any) -> Dataset:
    """A CT slice of 4 x 4 pixels; keywords given replace or, as None, remove elements."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = CT
    ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID = generate_uid()
    ds.SeriesInstanceUID = generate_uid()
    ds.StudyDate = "20260102"
    ds.StudyTime = "101112"
    ds.AccessionNumber = "ACC1"
    ds.Modality = "CT"
    ds.StudyDescription = "Chest"
    ds.SeriesDescription = "Axial"
    ds.ReferringPhysicianName = "Referrer^Rita"
    ds.PatientName = "Popescu^Ion"
    ds.PatientID = "P-1"
    ds.IssuerOfPatientID = "HOSPITAL"
    ds.PatientBirthDate = "19700101"
    ds.PatientSex = "M"
    ds.StudyID = "S1"
    ds.SeriesNumber = 3
    ds.InstanceNumber = 7
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows = 4
    ds.Columns = 4
    ds.BitsAllocated = 16
    ds.BitsStored = 12
    ds.HighBit = 11
    ds.PixelRepresentation = 0
    ds.PixelData = bytes(range(32))
    ds["PixelData"].VR = "OW"
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def encode(ds: Dataset, transfer_syntax_uid: str = EXPLICIT) -> bytes:
    """The data set's bytes in the transfer syntax."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = transfer_syntax_uid == IMPLICIT
    buffer.is_little_endian = transfer_syntax_uid != BIG_ENDIAN
    write_dataset(buffer, ds)
    data = buffer.getvalue()
    if transfer_syntax_uid == DEFLATED:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = deflater.compress(data) + deflater.flush()
        data += b"\0" * (len(data) % 2)
    return data


def sendable(ds: Dataset, transfer_syntax_uid: str = EXPLICIT) -> Sendable:
    """The data set ready to be sent."""
    return Sendable(encode(ds, transfer_syntax_uid), str(ds.SOPClassUID), str(ds.SOPInstanceUID), transfer_syntax_uid)


def sendable_file(path: Path) -> Sendable:
    """A file's data set exactly as it stands there, announced as what it is, or as something where it does not say."""
    content = path.read_bytes()
    head = read_file_head(BytesIO(content))
    ds = dcmread(path, force=True, stop_before_pixels=True)
    return Sendable(
        content[head.data_set_offset :],
        str(ds.get("SOPClassUID") or CT),
        str(ds.get("SOPInstanceUID") or "1.2.3"),
        head.meta.transfer_syntax_uid,
    )


def stored_data_set(path: Path) -> bytes:
    """The data set's bytes of a file in the archive."""
    content = path.read_bytes()
    return content[read_file_head(BytesIO(content)).data_set_offset :]


def files_below(folder: Path) -> list[Path]:
    """All files below the folder, without the empty slots of an intake."""
    return [path for path in files_in(folder) if size_of(path)]


def size_of(path: Path) -> int:
    """The file's size; nothing where it has just gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
