"""A CT that was scanned obliquely, with marks at known places of the patient and voxels that are no cubes."""

import math

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, generate_uid

from tests.e2e.measured_images import image

Place = tuple[float, float, float]

COLUMNS, ROWS, SLICES = 64, 48, 40
COLUMN_SPACING, ROW_SPACING, STEP = 0.8, 1.2, 1.5
ANGLE = math.radians(20)
ROW = np.array([math.cos(ANGLE), math.sin(ANGLE), 0.0])
COLUMN = np.array([0.0, 0.0, -1.0])
NORMAL = np.cross(ROW, COLUMN)
MIDDLE = np.array([12.0, -30.0, 104.0])
INTERCEPT = -1024
BODY, LEFT_HIGH_FRONT, RIGHT_LOW_BACK = 40, 900, 400
RADIUS = 5.0
# In the patient: +x is left, +y back, +z head (PS3.3 C.7.6.2).
MARKS: dict[int, Place] = {LEFT_HIGH_FRONT: (22.0, -42.0, 114.0), RIGHT_LOW_BACK: (2.0, -20.0, 92.0)}


def value_at(place: Place) -> int:
    """HU at a place of the patient, inside the scanned volume."""
    return next((hu for hu, mark in MARKS.items() if math.dist(mark, place) <= RADIUS), BODY)


def origin() -> np.ndarray:
    """The centre of the first voxel."""
    half = (COLUMNS - 1) / 2 * COLUMN_SPACING * ROW + (ROWS - 1) / 2 * ROW_SPACING * COLUMN
    return np.asarray(MIDDLE - half - (SLICES - 1) / 2 * STEP * NORMAL)


def hounsfield(number: int) -> np.ndarray:
    """The values of one slice."""
    row, column = np.mgrid[0:ROWS, 0:COLUMNS]
    place = (
        origin()
        + column[..., None] * COLUMN_SPACING * ROW
        + row[..., None] * ROW_SPACING * COLUMN
        + number * STEP * NORMAL
    )
    values = np.full((ROWS, COLUMNS), BODY)
    for hu, mark in MARKS.items():
        values[np.linalg.norm(place - np.array(mark), axis=-1) <= RADIUS] = hu
    return values


def oblique_ct(leave_out: tuple[int, ...] = ()) -> list[Dataset]:
    """The slices, each as an instance; some may be missing."""
    study, series, space = generate_uid(), generate_uid(), generate_uid()
    made = []
    for number in range(SLICES):
        ds = image("CT", CTImageStorage, hounsfield(number) - INTERCEPT, number + 1)
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, space
        ds.PatientID = f"V{study[-12:]}"
        ds.PatientName, ds.SeriesDescription = "Phantom^Oblique", "Oblique"
        ds.PixelSpacing = [str(ROW_SPACING), str(COLUMN_SPACING)]
        ds.ImageOrientationPatient = [f"{part:.9f}" for part in (*ROW, *COLUMN)]
        ds.ImagePositionPatient = [f"{part:.6f}" for part in origin() + number * STEP * NORMAL]
        ds.SliceThickness = str(STEP)
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", str(INTERCEPT), "HU"
        ds.WindowCenter, ds.WindowWidth = "450", "1000"
        if number not in leave_out:
            made.append(ds)
    return made
