"""CT slices of a trunk in Hounsfield units: wall, bones, chest and abdomen painted in order, on a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.phantoms.abdomen import paint_abdomen
from demo.phantoms.build import Build, Torso
from demo.phantoms.canvas import Canvas, Clouds, Plane, generator
from demo.phantoms.chest import paint_chest
from demo.phantoms.plumbing import Plumbing, lay_plumbing
from demo.phantoms.skeleton import paint_arms, paint_breastbone, paint_ribs, paint_shoulders, paint_spine, paint_wall


@dataclass(frozen=True)
class Trunk:
    """One body ready to be cut: its build, what runs through it, and the unevenness that makes it natural."""

    build: Build
    plumbing: Plumbing
    bends: Clouds
    texture: Clouds

    @classmethod
    def of(cls, build: Build, abdomen: bool = False) -> Trunk:
        """Make the body that `build` describes."""
        return cls(
            build,
            lay_plumbing(build, abdomen),
            Clouds(generator(build.seed, "bends"), cells=5, layers=6),
            Clouds(generator(build.seed, "texture"), cells=40, layers=40),
        )

    def cut(self, z: float, size: int, field_mm: float, table: bool = True) -> Plane:
        """The slice at height z (mm above the carina), size x size, in Hounsfield units without noise."""
        plane = Canvas(size, field_mm, -1000.0)
        if table:
            paint_table(plane, self.build)
        else:
            paint_arms(plane, z)
        canvas = plane.window(-212, 212, -150, 135)
        rows, columns = canvas.image.shape
        share = (z + 600) / 900
        canvas.x = canvas.x + 3.0 * self.bends.at(share, rows, columns)
        canvas.y = canvas.y + 3.0 * self.bends.at(share + 0.37, rows, columns)
        clouds = self.texture.at(share, rows, columns)
        torso = Torso(self.build, canvas.x, canvas.y, z)
        paint_wall(canvas, torso, clouds)
        paint_abdomen(canvas, torso, self.plumbing, clouds)
        paint_chest(canvas, torso, self.plumbing, clouds)
        paint_ribs(canvas, torso)
        paint_spine(canvas, torso, clouds)
        paint_breastbone(canvas, torso)
        if z > -62:
            paint_shoulders(canvas, torso, clouds)
        return plane.image


def paint_table(canvas: Canvas, build: Build) -> None:
    """The curved couch under the patient: a thin shell of carbon fibre around foam."""
    canvas = canvas.window(-215, 215, 30, 180)
    top = 112 * build.size + (build.fat_mm - 14)
    trough = top - 0.0009 * canvas.x**2
    shell = np.minimum(canvas.y - trough, trough + 38 - 0.0004 * canvas.x**2 - canvas.y)
    shell = np.minimum(shell, 212 - np.abs(canvas.x))
    canvas.paint(shell, -380)
    canvas.paint(shell - 1.8, -945)
