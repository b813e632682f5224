"""Series as scanners deliver them: stored pixel values with the geometry and technique of each slice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.phantoms.canvas import Clouds, Grain, Plane, blurred, generator, resized
from demo.phantoms.head import Head
from demo.phantoms.projections import cast_shadow, radiograph, scout
from demo.phantoms.trunk import Trunk

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)

CT_HEAD = {
    "air": -1000.0, "skin": 40.0, "fat": -85.0, "muscle": 56.0, "bone": 1180.0, "marrow": 720.0, "fluid": 6.0,
    "grey": 39.0, "white": 29.0, "lesion": 17.0, "blood": 72.0, "eye": 12.0,
}  # fmt: skip
MR_SIGNAL = {
    "T1": {"air": 0.0, "skin": 420.0, "fat": 1010.0, "muscle": 430.0, "bone": 45.0, "marrow": 560.0, "fluid": 140.0,
           "grey": 520.0, "white": 730.0, "lesion": 440.0, "blood": 700.0, "eye": 170.0},
    "T1C": {"air": 0.0, "skin": 470.0, "fat": 1010.0, "muscle": 470.0, "bone": 45.0, "marrow": 560.0, "fluid": 140.0,
            "grey": 530.0, "white": 730.0, "lesion": 1080.0, "blood": 900.0, "eye": 170.0},
    "T2": {"air": 0.0, "skin": 300.0, "fat": 700.0, "muscle": 210.0, "bone": 40.0, "marrow": 390.0, "fluid": 1150.0,
           "grey": 560.0, "white": 400.0, "lesion": 880.0, "blood": 260.0, "eye": 1180.0},
    "FLAIR": {"air": 0.0, "skin": 330.0, "fat": 760.0, "muscle": 300.0, "bone": 40.0, "marrow": 380.0, "fluid": 90.0,
              "grey": 560.0, "white": 440.0, "lesion": 1050.0, "blood": 400.0, "eye": 120.0},
}  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """One picture: stored values and the patient position of its first pixel."""

    pixels: NDArray[np.int16] | NDArray[np.uint16]
    position: tuple[float, float, float]
    extra: dict[str, object] = field(default_factory=dict)


def ct_trunk(
    trunk: Trunk, top: float, slices: int, spacing: float, size: int, field_mm: float
) -> Iterator[tuple[float, Plane]]:
    """Clean slices in Hounsfield units from the top down."""
    for index in range(slices):
        z = top - index * spacing
        yield z, trunk.cut(z, size, field_mm)


class Reconstruction:
    """A CT kernel: sharpness and noise applied to clean slices of one series."""

    def __init__(self, seed: str, size: int, sharp: bool, noise: float) -> None:
        self.grain = Grain(generator(seed, "noise"), size, size, sharp)
        self.sharp, self.noise = sharp, noise

    def apply(self, clean: Plane) -> Plane:
        """The slice as this kernel shows it, in Hounsfield units."""
        smooth = blurred(clean)
        picture = clean + 0.55 * (clean - smooth) if self.sharp else smooth
        absorbing = float((clean > -300).mean())
        spread = self.noise * (0.55 + 1.1 * absorbing)
        return np.asarray(picture + np.float32(spread) * self.grain.next(), np.float32)


def stored(values: Plane, intercept: float, signed: bool) -> NDArray[np.int16] | NDArray[np.uint16]:
    """Values as a scanner stores them: whole numbers after the intercept is taken off."""
    whole = np.rint(values - intercept)
    if signed:
        return np.asarray(np.clip(whole, -1024, 3071), np.int16)
    return np.asarray(np.clip(whole, 0, 4095), np.uint16)


def ct_frames(
    slices: list[tuple[float, Plane]],
    kernel: Reconstruction,
    field_mm: float,
    centre_y: float,
    intercept: float,
    signed: bool,
) -> Iterator[Frame]:
    """Frames of one axial CT series."""
    for z, clean in slices:
        corner = -field_mm / 2 + field_mm / clean.shape[0] / 2
        yield Frame(stored(kernel.apply(clean), intercept, signed), (corner, corner + centre_y, z))


def ct_head_slices(
    head: Head, bottom: float, slices: int, spacing: float, size: int, field_mm: float
) -> list[tuple[float, Plane]]:
    """Clean head slices in Hounsfield units, from below upwards, on a head rest."""
    coarse = size // 2
    axis = ((np.arange(coarse) - (coarse - 1) / 2) * field_mm / coarse).astype(np.float32)
    x, y = axis[None, :], axis[:, None]
    ring = np.hypot(x, (y - 6) * 0.86)
    rest = np.where((np.abs(ring - 101) < 1.6) & (y > 30), 750.0, 0.0) + np.where(
        (ring > 103) & (ring < 112) & (y > 30), 60.0, 0.0
    )
    texture = Clouds(generator(head.seed, "ct"), cells=48, layers=30)
    out = []
    for index in range(slices):
        z = bottom + index * spacing
        picture = head.paint(x, y, np.float32(z), CT_HEAD, field_mm / coarse)
        picture = picture + np.where(picture > -200, 1.6 * texture.at(index / slices, coarse, coarse), rest)
        out.append((z, resized(picture, size, size)))
    return out


@dataclass(frozen=True)
class MrPlan:
    """How one MR series is taken: contrast, plane and slices."""

    contrast: str
    plane: str
    first: float
    slices: int
    spacing: float
    size: int = 256
    field_mm: float = 230.0


def mr_frames(head: Head, plan: MrPlan) -> Iterator[Frame]:
    """Frames of one MR series: coil shading, then the noise of a magnitude image."""
    step = plan.field_mm / plan.size
    axis = ((np.arange(plan.size) - (plan.size - 1) / 2) * step).astype(np.float32)
    rng = generator(head.seed, plan.contrast, plan.plane)
    texture = Clouds(rng, cells=60, layers=24)
    grain = Grain(rng, plan.size, plan.size, sharp=False)
    across, along = axis[None, :], axis[:, None]
    for index in range(plan.slices):
        place = np.float32(plan.first + index * plan.spacing)
        points: tuple[Any, Any, Any]
        if plan.plane == "sagittal":
            points, corner = (place, across, -along - 12), (float(place), float(axis[0]), float(-axis[0]) - 12)
        elif plan.plane == "coronal":
            points, corner = (across, place, -along - 12), (float(axis[0]), float(place), float(-axis[0]) - 12)
        else:
            points, corner = (across, along, place), (float(axis[0]), float(axis[0]), float(place))
        clean = head.paint(points[0], points[1], points[2], MR_SIGNAL[plan.contrast], step)
        shading = 1.06 - 0.16 * np.cos(across / 92) * np.cos(along / 92) + 0.03 * np.sin(across / 60)
        clean = blurred(clean) * shading * (1 + 0.022 * texture.at(index / plan.slices, plan.size, plan.size))
        noisy = np.hypot(clean + 13 * grain.next(), 13 * grain.next())
        yield Frame(np.clip(np.rint(noisy), 0, 4095).astype(np.uint16), corner)


def scout_frames(trunk: Trunk, top: float, bottom: float, field_mm: float, seed: str) -> Iterator[Frame]:
    """A frontal and a lateral CT scout."""
    shadow = cast_shadow(trunk, top, bottom, 2.0, field_mm, table=True)
    rows = round((top - bottom) / 0.8)
    columns = round(field_mm / 0.8)
    edge = -field_mm / 2 + 0.4
    for plane, attenuation in (("frontal", shadow.frontal), ("lateral", shadow.lateral)):
        values = scout(attenuation, rows, columns, seed + plane)
        frontal = plane == "frontal"
        position = (edge, 0.0, top) if frontal else (0.0, edge, top)
        yield Frame(
            stored(values, -1024, signed=False),
            position,
            {"ImageOrientationPatient": list(CORONAL if frontal else SAGITTAL), "SliceThickness": field_mm},
        )


def chest_radiographs(trunk: Trunk, rows: int, columns: int, seed: str) -> Iterator[Frame]:
    """A chest picture from behind (PA) and one from the side."""
    field_mm = 430.0
    shadow = cast_shadow(trunk, 165, -185, 1.5, field_mm, table=False)
    for view, attenuation in (("PA", shadow.frontal), ("LL", shadow.lateral)):
        picture = radiograph(attenuation, rows, columns, seed + view)
        yield Frame(picture.astype(np.uint16), (0.0, 0.0, 0.0), {"ViewPosition": view})
