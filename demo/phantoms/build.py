"""The build of one invented body: its outline, rib cage, diaphragm and lungs as distances in millimetres.

Heights are in mm above the carina (where the windpipe parts); x goes to the patient's left, y to the back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from demo.phantoms.canvas import ellipsoid, oval, smooth_max, smooth_min

HEIGHTS = (-420, -360, -300, -200, -100, 0, 50, 85, 115, 140, 170)
WIDTHS = (178, 172, 156, 157, 164, 172, 186, 202, 168, 92, 68)
DEPTHS = (112, 108, 104, 110, 114, 106, 98, 92, 84, 74, 68)
CAGE_HEIGHTS = (-420, -330, -260, -170, -100, -50, 0, 40, 70, 95, 112)
CAGE_WIDTHS = (134, 128, 126, 134, 137, 133, 123, 106, 87, 60, 34)
CAGE_DEPTHS = (84, 84, 88, 95, 99, 96, 90, 79, 68, 55, 38)
SPINE_HEIGHTS = (-420, -330, -260, -150, 0, 90, 170)
SPINE_Y = (34, 28, 32, 44, 50, 36, 14)


@cache
def smooth_profile(heights: tuple[float, ...], values: tuple[float, ...]) -> tuple[Any, Any]:
    """A dense table between the given points with their corners rounded over 30 mm."""
    dense = np.arange(heights[0] - 60, heights[-1] + 60, 2.0)
    table = np.interp(dense, heights, values)
    table[15:-15] = np.convolve(table, np.hanning(31) / np.hanning(31).sum(), mode="valid")
    return dense, table


def along(z: Any, heights: tuple[float, ...], values: tuple[float, ...]) -> Any:
    """A measure at height z; one height gives a plain float, which leaves single precision alone."""
    measure = np.interp(z, *smooth_profile(heights, values))
    return measure if np.ndim(measure) else float(measure)


@dataclass(frozen=True)
class Build:
    """How one person is built; the numbers are multipliers or millimetres."""

    seed: str
    female: bool = False
    size: float = 1.0
    fat_mm: float = 14.0
    heart: float = 1.0
    contrast: bool = True
    nodule: tuple[float, float, float] | None = None
    nodule_mm: float = 0.0
    effusion_mm: float = 0.0
    liver_lesions: int = 0
    cyst: bool = False

    def profile(self, z: Any, heights: tuple[int, ...], values: tuple[int, ...]) -> Any:
        """A measure of the body at height z."""
        return along(z, heights, values) * self.size


class Torso:
    """Distances (mm, positive inside) to the large shapes of one body at one height."""

    def __init__(self, build: Build, x: Any, y: Any, z: Any) -> None:
        self.build, self.x, self.y, self.z = build, x, y, z
        self.spine_y = build.profile(z, SPINE_HEIGHTS, SPINE_Y)
        self.cage = oval(
            x,
            y - 2,
            build.profile(z, CAGE_HEIGHTS, CAGE_WIDTHS),
            build.profile(z, CAGE_HEIGHTS, CAGE_DEPTHS),
            0.22,
        )

    @cached_property
    def skin(self) -> Any:
        """The outline of the body, breasts and the groove over the spine included."""
        build = self.build
        grown = build.fat_mm - 14
        body = oval(
            self.x,
            self.y,
            build.profile(self.z, HEIGHTS, WIDTHS) + grown * 1.3,
            build.profile(self.z, HEIGHTS, DEPTHS) + grown,
            0.42,
        )
        body = body - 7 * np.exp(-((self.x / 20) ** 2) - ((self.y - 110) / 30) ** 2)
        if build.female:
            for side in (-1, 1):
                breast = ellipsoid(self.x, self.y, self.z, (side * 84, -92, -52), (60, 44, 66))
                body = smooth_max(body, breast, 26)
        else:
            body = body - 6 * np.exp(-((self.x / 26) ** 2) - ((self.y + 105) / 40) ** 2) * (self.z > -140)
        return body

    @cached_property
    def spine(self) -> Any:
        """The vertebral column with what lies beside it, as the lungs feel it."""
        return oval(self.x, self.y - self.spine_y - 12, 23, 33, 0.3)

    def heart(self, shrink: float = 0.0) -> Any:
        """The heart with its pericardium, its long axis pointing left, forward and down."""
        scale = self.build.heart
        px, py, pz = self.x - 22, self.y + 30, self.z + 62
        along = px * 0.66 - py * 0.52 - pz * 0.54
        long, across = 66 * scale - shrink, 51 * scale - shrink
        q2 = (px * px + py * py + pz * pz) / across**2 + along * along * (1 / long**2 - 1 / across**2)
        return (1 - np.sqrt(np.maximum(q2, 1e-6))) * across

    @cached_property
    def mediastinum(self) -> Any:
        """Everything between the lungs: great vessels above, heart below, gullet and aorta behind."""
        width = along(self.z, (-200, -60, -20, 0, 35, 70, 110), (18, 22, 38, 38, 33, 32, 40))
        front = along(self.z, (-20, 20, 70, 110), (58, 56, 50, 40))
        upper = oval(self.x - 3, self.y + 8, width, front, 0.3)
        behind = oval(self.x - 10, self.y - 26, 30, 24, 0.2)
        both = smooth_max(upper - np.clip((-40 - self.z) * 0.8, 0, 60), behind, 14)
        return smooth_max(both, self.heart(), 16)

    def dome(self) -> Any:
        """Height of the diaphragm above each point."""
        right = -92 - 0.0085 * ((self.x + 66) ** 2 + 0.8 * (self.y - 2) ** 2)
        left = -106 - 0.0085 * ((self.x - 70) ** 2 + 0.8 * (self.y - 2) ** 2)
        return np.maximum(smooth_max(right, left, 8), -185) * self.build.size

    @cached_property
    def above_diaphragm(self) -> Any:
        """Distance above the diaphragm; its slope is less steep than the height says."""
        return (self.z - self.dome()) * 0.72

    @cached_property
    def pleura(self) -> Any:
        """Both lungs with their covering, before side is told apart."""
        inside = smooth_min(self.cage - 9.5, self.above_diaphragm, 5)
        inside = smooth_min(inside, -self.spine, 9)
        return smooth_min(inside, -self.mediastinum, 7)

    @cached_property
    def lungs(self) -> Any:
        """The air of both lungs; an effusion takes the lowest part of the right one."""
        lungs = self.pleura
        if self.build.effusion_mm:
            level = 84 - self.build.effusion_mm - 0.14 * (self.z + 120)
            fluid = np.where(self.x < 0, level - self.y - 0.0009 * (self.x + 75) ** 2, 1e3)
            lungs = smooth_min(lungs, fluid, 6)
        return lungs
