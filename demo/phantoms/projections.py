"""X-ray pictures of a painted trunk: rays are summed through its slices as a detector would see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.phantoms.canvas import Plane, generator, resized
from demo.phantoms.trunk import Trunk

WATER_PER_MM = 0.0195
"""Attenuation of water at the mean energy of a chest exposure, per mm."""


@dataclass(frozen=True)
class Shadow:
    """Attenuation (natural logarithm) seen from the front and from the left; rows run from the top down."""

    frontal: Plane
    lateral: Plane
    pixel_mm: float


def cast_shadow(trunk: Trunk, top: float, bottom: float, pixel_mm: float, field_mm: float, table: bool) -> Shadow:
    """Sum the attenuation along straight rays between two heights."""
    size = round(field_mm / pixel_mm)
    frontal, lateral = [], []
    for z in np.arange(top, bottom, -pixel_mm):
        attenuation = np.maximum(trunk.cut(float(z), size, field_mm, table) * np.float32(0.001) + 1, 0)
        frontal.append(attenuation.sum(0))
        lateral.append(attenuation[:, np.abs(np.arange(size) - size / 2) * pixel_mm < 172].sum(1))
    scale = np.float32(WATER_PER_MM * pixel_mm)
    return Shadow(np.array(frontal) * scale, np.array(lateral) * scale, pixel_mm)


def radiograph(attenuation: Plane, rows: int, columns: int, seed: str) -> Plane:
    """A processed chest picture, 0 to 4095, bright where much was absorbed; local contrast as makers add it."""
    picture = resized(attenuation, rows, columns)
    rough = resized(resized(picture, max(rows // 90, 4), max(columns // 90, 4)), rows, columns)
    level = 0.42 * rough + 1.0 * (picture - rough)
    level = level + 0.16 * np.sqrt(np.maximum(picture, 0))
    rng = generator(seed, "quanta")
    spread = np.float32(0.012) * np.exp(np.minimum(picture, 6) / 5).astype(np.float32)
    level = level + rng.standard_normal(level.shape, dtype=np.float32) * spread
    low, high = np.percentile(level, (1.0, 99.6))
    return np.asarray(np.clip((level - low) / (high - low), 0, 1) * 3900 + 60, np.float32)


def scout(attenuation: Plane, rows: int, columns: int, seed: str) -> Plane:
    """A CT scout in numbers like Hounsfield units."""
    picture = resized(attenuation, rows, columns)
    rng = generator(seed, "scout")
    picture = picture + rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(0.03)
    return np.asarray(np.clip(picture * 210 - 900, -1000, 1500), np.float32)
