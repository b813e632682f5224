"""Data sets of the phantom pictures: CT, MR and CR images with the attributes that PS3.3 wants of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import imagecodecs
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    MRImageStorage,
)

from demo.catalogue import PlannedStudy
from demo.people import INSTITUTIONS, NATIONAL_ID_ISSUER, PATIENTS
from demo.phantoms.acquisition import Frame

SOP_CLASSES = {"CT": CTImageStorage, "MR": MRImageStorage, "CR": ComputedRadiographyImageStorage}
NAMESPACE = uuid.UUID("6f7c3f0a-6f0e-5d8c-9a53-4d1a0e0d7c11")
EDITION = 1
"""Raised when the phantoms look different, so that new pictures are not taken for conflicting old ones."""
IMPLEMENTATION_CLASS_UID = "2.25.266682411950012953361302176812462498417"
IMPLEMENTATION_VERSION_NAME = "PHANTOMS_1"


def phantom_uid(*parts: object) -> str:
    """A UID of the 2.25 root (PS3.5 B.2) that depends on nothing but `parts`."""
    return f"2.25.{uuid.uuid5(NAMESPACE, '/'.join(str(part) for part in (EDITION, *parts))).int}"


@dataclass(frozen=True)
class SeriesPlan:
    """What is common to the pictures of one series; `attributes` are the modality's own."""

    number: int
    modality: str
    description: str
    protocol: str
    attributes: dict[str, object] = field(default_factory=dict)
    window: tuple[float, float] | None = None
    intercept: float | None = None
    signed: bool = False
    minutes: float = 0.0


class SeriesWriter:
    """Writes the instances of one series as Part 10 files."""

    def __init__(self, study: PlannedStudy, plan: SeriesPlan, as_of: datetime, directory: Path) -> None:
        self.study, self.plan, self.directory = study, plan, directory
        self.day = as_of.date().isoformat()
        self.taken = as_of - timedelta(hours=study.hours_ago) + timedelta(minutes=plan.minutes)
        self.series_uid = phantom_uid(self.day, study.key, plan.number)
        self.common = self.common_attributes(as_of)

    def common_attributes(self, as_of: datetime) -> Dataset:
        """Everything that does not change from picture to picture."""
        ds = Dataset()
        add_patient(ds, self.study, self.taken)
        add_study(ds, self.study, as_of)
        add_equipment(ds, self.study)
        plan = self.plan
        ds.SpecificCharacterSet = self.study.character_set
        ds.SOPClassUID = SOP_CLASSES[plan.modality]
        ds.Modality = plan.modality
        ds.SeriesInstanceUID = self.series_uid
        ds.SeriesNumber = plan.number
        ds.SeriesDescription = plan.description
        ds.ProtocolName = plan.protocol
        ds.BodyPartExamined = self.study.body_part
        ds.SeriesDate, ds.SeriesTime = f"{self.taken:%Y%m%d}", f"{self.taken:%H%M%S}"
        if plan.modality != "CR":
            ds.FrameOfReferenceUID = phantom_uid(self.day, self.study.key, "frame of reference")
            ds.PositionReferenceIndicator = "OM" if self.study.body_part == "HEAD" else "SN"
            ds.PatientPosition = "HFS"
        ds.SamplesPerPixel = 1
        ds.PhotometricInterpretation = "MONOCHROME2"
        ds.PixelRepresentation = int(plan.signed)
        for keyword, value in plan.attributes.items():
            setattr(ds, keyword, value)
        if plan.intercept is not None:
            ds.RescaleIntercept, ds.RescaleSlope = plan.intercept, 1
            if "LOCALIZER" not in ds.get("ImageType", ()):
                ds.RescaleType = "HU"
        if plan.window is not None:
            ds.WindowCenter, ds.WindowWidth = plan.window
        return ds

    def write(self, number: int, frame: Frame) -> Path:
        """Write one picture; returns its file."""
        ds = Dataset()
        ds.update(self.common)
        ds.SOPInstanceUID = phantom_uid(self.day, self.study.key, self.plan.number, number)
        ds.InstanceNumber = number
        moment = self.taken + timedelta(milliseconds=400 * number)
        ds.ContentDate, ds.ContentTime = f"{moment:%Y%m%d}", f"{moment:%H%M%S.%f}"
        ds.AcquisitionDate, ds.AcquisitionTime = ds.ContentDate, ds.ContentTime
        if self.plan.modality != "CR":
            ds.AcquisitionNumber = 1
            ds.ImagePositionPatient = [round(value, 4) for value in frame.position]
            ds.SliceLocation = round(slice_location(frame.position, ds), 4)
        for keyword, value in frame.extra.items():
            setattr(ds, keyword, value)
        self.add_pixels(ds, frame)
        path = self.directory / f"{self.plan.number:03d}-{number:04d}.dcm"
        dcmwrite(path, ds, enforce_file_format=True)
        return path

    def add_pixels(self, ds: Dataset, frame: Frame) -> None:
        """Pixel module and file meta information, plain or JPEG-LS lossless."""
        pixels = np.ascontiguousarray(frame.pixels)
        ds.Rows, ds.Columns = pixels.shape
        whole = self.plan.signed or self.study.compressed
        ds.BitsAllocated, ds.BitsStored = 16, 16 if whole else 12
        ds.HighBit = ds.BitsStored - 1
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
        meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
        meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
        if self.study.compressed and not self.plan.signed:
            meta.TransferSyntaxUID = JPEGLSLossless
            ds.PixelData = encapsulate([bytes(imagecodecs.jpegls_encode(pixels))], has_bot=True)
            ds["PixelData"].VR = "OB"
            ds["PixelData"].is_undefined_length = True
        else:
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            ds.PixelData = pixels.tobytes()
            ds["PixelData"].VR = "OW"
        ds.file_meta = meta


def slice_location(position: tuple[float, float, float], ds: Dataset) -> float:
    """Where the slice lies along its own normal."""
    row, column = np.array(ds.ImageOrientationPatient[:3], float), np.array(ds.ImageOrientationPatient[3:], float)
    return float(np.dot(np.cross(row, column), position))


def add_patient(ds: Dataset, study: PlannedStudy, taken: datetime) -> None:
    """Patient and patient study modules, with the national ID among the other IDs."""
    patient = PATIENTS[study.patient]
    institution = next(one for one in INSTITUTIONS if one.code == study.institution)
    ds.PatientName = patient.name
    ds.PatientID = patient.patient_id
    ds.IssuerOfPatientID = institution.issuer
    ds.PatientBirthDate = patient.birth_date
    ds.PatientSex = patient.sex
    if patient.national_id:
        other = Dataset()
        other.PatientID = patient.national_id
        other.IssuerOfPatientID = NATIONAL_ID_ISSUER
        other.TypeOfPatientID = "TEXT"
        ds.OtherPatientIDsSequence = Sequence([other])
    if patient.birth_date:
        birthday_passed = f"{taken:%m%d}" >= patient.birth_date[4:]
        ds.PatientAge = f"{taken.year - int(patient.birth_date[:4]) - (not birthday_passed):03d}Y"
        ds.PatientSize = patient.size_m
        ds.PatientWeight = patient.weight_kg


def add_study(ds: Dataset, study: PlannedStudy, as_of: datetime) -> None:
    """General study module."""
    taken = as_of - timedelta(hours=study.hours_ago)
    ds.StudyInstanceUID = phantom_uid(as_of.date().isoformat(), study.key)
    ds.StudyDate, ds.StudyTime = f"{taken:%Y%m%d}", f"{taken:%H%M%S}"
    ds.AccessionNumber = study.accession
    ds.StudyID = study.study_id
    ds.StudyDescription = study.description
    ds.ReferringPhysicianName = study.referring
    if study.requesting:
        ds.RequestingPhysician = study.requesting
    if offset := f"{taken:%z}":
        ds.TimezoneOffsetFromUTC = offset


def add_equipment(ds: Dataset, study: PlannedStudy) -> None:
    """General equipment module."""
    institution = next(one for one in INSTITUTIONS if one.code == study.institution)
    ds.InstitutionName = institution.name
    ds.InstitutionalDepartmentName = institution.department
    ds.StationName = study.equipment.station
    ds.Manufacturer = study.equipment.manufacturer
    ds.ManufacturerModelName = study.equipment.model
    ds.DeviceSerialNumber = study.equipment.serial
    ds.SoftwareVersions = "1.0"
