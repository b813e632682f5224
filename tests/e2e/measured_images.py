"""Images with known geometry and values, made for the tests of measuring, and the way to send them."""

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    UltrasoundImageStorage,
    generate_uid,
)
from pynetdicom import AE

from tests.demonstration import Server

ROWS, COLUMNS = 160, 200
ROW_SPACING, COLUMN_SPACING = 0.8, 0.5
"""Pixels of the CT are not square."""
INTERCEPT = -24


def image(modality: str, sop_class: UID, pixels: np.ndarray, number: int = 1) -> Dataset:
    """One image of a study and a series of its own."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = modality, 2, number
    # A patient of its own, so that no other test's study is its prior.
    ds.PatientName, ds.PatientID, ds.PatientSex = "Phantom^Measured", f"M{ds.StudyInstanceUID[-12:]}", "O"
    now = datetime.now(UTC)
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = now.strftime("%Y%m%d")
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = "120000"
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = "1", "", ""
    ds.StudyDescription, ds.SeriesDescription = f"{modality} with known sizes", "Known sizes"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.WindowCenter, ds.WindowWidth = "236", "800"
    ds.PixelData = pixels.astype("<u2").tobytes()
    return ds


def ramp(rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """Each pixel is twice its row plus its column."""
    row, column = np.mgrid[0:rows, 0:columns]
    return 2 * row + column


def hounsfield() -> np.ndarray:
    """The values of the CT."""
    return ramp() + INTERCEPT


def ct(slices: int = 2) -> list[Dataset]:
    """Slices of the ramp, 2 mm apart."""
    made = [image("CT", CTImageStorage, ramp(), number + 1) for number in range(slices)]
    for number, ds in enumerate(made):
        ds.StudyInstanceUID, ds.SeriesInstanceUID = made[0].StudyInstanceUID, made[0].SeriesInstanceUID
        ds.PatientID, ds.FrameOfReferenceUID = made[0].PatientID, made[0].SOPInstanceUID
        ds.PixelSpacing = [str(ROW_SPACING), str(COLUMN_SPACING)]
        ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        ds.ImagePositionPatient = [0, 0, -2 * number]
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", str(INTERCEPT), "HU"
    return made


def x_ray(*, imager_spacing: bool) -> Dataset:
    """A projection, with the detector's spacing of 0.13 mm or without any."""
    sop_class = DigitalXRayImageStorageForPresentation if imager_spacing else ComputedRadiographyImageStorage
    ds = image("DX" if imager_spacing else "CR", sop_class, ramp())
    if imager_spacing:
        ds.ImagerPixelSpacing = ["0.13", "0.13"]
    return ds


def ultrasound() -> Dataset:
    """Two pictures side by side (0.2 and 0.5 mm), and below them a Doppler trace whose base line is row 120."""
    ds = image("US", UltrasoundImageStorage, ramp())
    ds.SequenceOfUltrasoundRegions = [
        _region((0, 0, 99, 79), (3, 0.02), (3, 0.02)),
        _region((100, 0, 199, 79), (3, 0.05), (3, 0.05)),
        _region((0, 80, 199, 159), (4, 0.005), (7, -2.0), spatial_format=3, base_line=40),
    ]
    return ds


def _region(
    box: tuple[int, int, int, int],
    across: tuple[int, float],
    down: tuple[int, float],
    *,
    spatial_format: int = 1,
    base_line: int = 0,
) -> Dataset:
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = spatial_format, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = box[:2]
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = box[2:]
    region.PhysicalUnitsXDirection, region.PhysicalDeltaX = across
    region.PhysicalUnitsYDirection, region.PhysicalDeltaY = down
    region.ReferencePixelX0, region.ReferencePixelY0 = 0, base_line
    region.ReferencePixelPhysicalValueX = region.ReferencePixelPhysicalValueY = 0.0
    return region


def pet() -> Dataset:
    """Activity of 4000 Bq/ml everywhere, one hour after 370 MBq were given to 70 kg."""
    ds = image("PT", PositronEmissionTomographyImageStorage, np.full((ROWS, COLUMNS), 4000))
    ds.PixelSpacing = ["4", "4"]
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 0]
    ds.FrameOfReferenceUID = ds.SOPInstanceUID
    ds.RescaleSlope, ds.RescaleIntercept = "1", "0"
    ds.Units, ds.DecayCorrection, ds.PatientWeight = "BQML", "START", "70"
    ds.CorrectedImage = ["ATTN", "DECY"]
    ds.WindowCenter, ds.WindowWidth = "4000", "8000"
    drug = Dataset()
    drug.RadiopharmaceuticalStartTime = "110000"
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = "370000000", "6586.2"
    ds.RadiopharmaceuticalInformationSequence = [drug]
    return ds


def send(server: Server, made: Iterable[Dataset]) -> str:
    """Send images by C-STORE, as a modality does; returns their StudyInstanceUID."""
    instances = list(made)
    ae = AE(ae_title="MODALITY")
    for sop_class, syntax in {(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID) for ds in instances}:
        ae.add_requested_context(sop_class, syntax)
    assoc = ae.associate(server.host, server.dicom_port, ae_title=server.ae_title)
    assert assoc.is_established
    for ds in instances:
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        assert assoc.send_c_store(ds).Status == 0x0000
    assoc.release()
    return str(instances[0].StudyInstanceUID)
