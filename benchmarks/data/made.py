"""Objects that are made while they are sent: one of 2 GB that is never in memory, and thousands of small ones."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from benchmarks.data import headers
from benchmarks.senders.scu import Sendable

MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.7.3"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = str(ExplicitVRLittleEndian)
PIXEL_DATA_HEAD = struct.Struct("<HH2sHL")
# Replaced in each instance by one of the same length.
NUMBER_ELEMENT = struct.pack("<HH2sH", 0x0020, 0x0013, b"IS", 6)


def new_uid() -> str:
    """A UID of a random number (PS3.5 B.2), always of 44 characters."""
    return f"2.25.{UUID(int=random.SystemRandom().getrandbits(128) | 1 << 127).int}"


@dataclass(frozen=True)
class LargeObject:
    """A multi-frame object of `frames` native frames; each begins with its number, so that none is like another."""

    frames: int
    rows: int
    columns: int
    head: bytes
    noise: bytes
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str

    @classmethod
    def of(cls, frames: int, rows: int = 512, columns: int = 512) -> LargeObject:
        """A new object under new UIDs, of 2 bytes a pixel."""
        ds = _head(MULTI_FRAME, "XA", rows, columns)
        ds.NumberOfFrames = frames
        noise = os.urandom(2 * rows * columns)
        return cls(
            frames,
            rows,
            columns,
            _encoded(ds) + PIXEL_DATA_HEAD.pack(0x7FE0, 0x0010, b"OW", 0, frames * len(noise)),
            noise,
            ds.StudyInstanceUID,
            ds.SeriesInstanceUID,
            ds.SOPInstanceUID,
        )

    @property
    def size(self) -> int:
        """The length of its data set in bytes."""
        return len(self.head) + self.frames * len(self.noise)

    def frame(self, number: int) -> bytes:
        """The pixels of a frame, counted from 1."""
        return struct.pack("<Q", number) + self.noise[8:]

    def pieces(self) -> Iterator[bytes]:
        """Its data set, a frame at a time."""
        yield self.head
        for number in range(1, self.frames + 1):
            yield self.frame(number)

    def sendable(self) -> Sendable:
        """It, ready to be sent by C-STORE."""
        return Sendable(MULTI_FRAME, self.sop_instance_uid, self.pieces())

    def file(self) -> Iterator[bytes]:
        """It as a Part-10 file, a frame at a time."""
        yield _file_meta(MULTI_FRAME, self.sop_instance_uid)
        yield from self.pieces()


@dataclass(frozen=True)
class Template:
    """A data set of which any number of instances is made by changing UID and number."""

    sop_class_uid: str
    study_instance_uid: str
    series_instance_uid: str
    encoded: bytes
    sop_instance_uid: str

    @classmethod
    def mr(cls, rows: int, columns: int) -> Template:
        """An MR picture of 2 bytes a pixel in a new study, with as many attributes as modalities send."""
        ds = _head(MR_IMAGE, "MR", rows, columns)
        for keyword, value in headers.mr(4.0, 240.0, rows, 1).items():
            setattr(ds, keyword, value)
        ds.PixelData = os.urandom(2 * rows * columns)
        ds["PixelData"].VR = "OW"
        return cls.of(ds)

    @classmethod
    def of_file(cls, file: Iterable[bytes]) -> Template:
        """A picture of a set, in a new study."""
        ds = dcmread(BytesIO(b"".join(file)))
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = new_uid(), new_uid(), new_uid()
        return cls.of(ds)

    @classmethod
    def of(cls, ds: Dataset) -> Template:
        """The template of a data set that has its UIDs."""
        ds.InstanceNumber = 99999
        return cls(ds.SOPClassUID, ds.StudyInstanceUID, ds.SeriesInstanceUID, _encoded(ds), ds.SOPInstanceUID)

    def instance(self, number: int) -> Sendable:
        """A new instance of the study, under a UID of its own."""
        uid = new_uid()
        data = self.encoded.replace(self.sop_instance_uid.encode(), uid.encode(), 1)
        data = data.replace(NUMBER_ELEMENT + b"99999 ", NUMBER_ELEMENT + f"{number:<6}".encode(), 1)
        return Sendable(self.sop_class_uid, uid, (data,))


def _head(sop_class_uid: str, modality: str, rows: int, columns: int) -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = sop_class_uid
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = new_uid(), new_uid(), new_uid()
    ds.StudyDate, ds.StudyTime, ds.Modality = "20260105", "101500", modality
    ds.AccessionNumber, ds.StudyID, ds.StudyDescription = "B-1", "1", "Benchmark"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Bench^Mark", "B-1", "19700101", "O"
    ds.ReferringPhysicianName, ds.SeriesDescription = "Referrer^Rita", "Benchmark"
    ds.SeriesNumber, ds.InstanceNumber = 1, 1
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    return ds


def _encoded(ds: Dataset) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, ds)
    return buffer.getvalue()


def _file_meta(sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """The beginning of a Part-10 file up to its data set."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class_uid), UID(sop_instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    empty = Dataset()
    empty.SOPClassUID, empty.SOPInstanceUID = sop_class_uid, sop_instance_uid
    empty.file_meta = meta
    buffer, whole = BytesIO(), _encoded(empty)
    dcmwrite(buffer, empty, enforce_file_format=True)
    return buffer.getvalue().removesuffix(whole)
