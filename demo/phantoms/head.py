"""A head as shares of tissue at any point: scalp, skull, fluid, grey and white matter, ventricles, eyes and sinuses.

The origin lies between the thalami; x goes to the patient's left, y to the back, z to the top, all in mm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.phantoms.canvas import Plane, Tube, ellipsoid, generator, smooth_max, smooth_min

TISSUES = ("air", "skin", "fat", "muscle", "bone", "marrow", "fluid", "grey", "white", "lesion", "blood", "eye")


@dataclass(frozen=True)
class Head:
    """One person's head; lengths are mm, lesions are (centre, radii, tissue)."""

    seed: str
    size: float = 1.0
    ventricles_mm: float = 0.0
    atrophy_mm: float = 0.0
    lesions: tuple[tuple[tuple[float, float, float], tuple[float, float, float], str], ...] = ()
    folds: NDArray[np.float32] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folds", folding_field(self.seed))

    def paint(self, x: Any, y: Any, z: Any, values: dict[str, float], step: float) -> Plane:
        """Signal of each point of a plane, for tissues worth `values`; `step` is the pixel size in mm."""
        x, y, z = (
            np.broadcast_to(np.asarray(a, np.float32), np.broadcast(x, y, z).shape) / self.size for a in (x, y, z)
        )
        return HeadPlane(self, x, y, z, values, step).painted()


def folding_field(seed: str, cells: int = 64, period: float = 5.2) -> NDArray[np.float32]:
    """A repeating random field (cells^3) with one wavelength: its zero surfaces wander like the folds of a brain."""
    noise = generator(seed, "folds").standard_normal((cells, cells, cells)).astype(np.float32)
    axis = np.fft.fftfreq(cells)
    half = np.fft.rfftfreq(cells)
    wave = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + half[None, None, :] ** 2)
    band = np.exp(-(((wave - 1 / period) / (0.26 / period)) ** 2))
    folded = np.fft.irfftn(np.fft.rfftn(noise) * band, s=noise.shape, axes=(0, 1, 2))
    return np.asarray(folded / folded.std(), np.float32)


def sampled(volume: NDArray[np.float32], u: Any, v: Any, w: Any) -> Plane:
    """Trilinear look-up in a volume that repeats."""
    cells = volume.shape[0]
    low = [np.floor(a).astype(np.intp) for a in (u, v, w)]
    share = [(a - b).astype(np.float32) for a, b in zip((u, v, w), low, strict=True)]
    first = [a % cells for a in low]
    second = [(a + 1) % cells for a in low]
    total: Any = np.float32(0)
    for corner in range(8):
        place, weight = [], np.float32(1)
        for bit in range(3):
            upper = bool(corner >> bit & 1)
            place.append(second[bit] if upper else first[bit])
            weight = weight * (share[bit] if upper else 1 - share[bit])
        total = total + weight * volume[place[0], place[1], place[2]]
    return np.asarray(total, np.float32)


class HeadPlane:
    """One plane through a head being painted from the outside in."""

    def __init__(self, head: Head, x: Plane, y: Plane, z: Plane, values: dict[str, float], step: float) -> None:
        self.head, self.x, self.y, self.z, self.values, self.step = head, x, y, z, values, step
        self.image = np.full(x.shape, values["air"], np.float32)
        self.side = np.abs(x)

    def painted(self) -> Plane:
        """Paint all tissues in order."""
        self.paint_outside()
        self.paint_face()
        brain = self.brain()
        self.lay(self.cavity(), "fluid")
        self.paint_matter(brain)
        self.paint_hindbrain()
        self.paint_lesions(brain)
        return self.image

    def lay(self, distance: Any, tissue: str, limit: Any = None) -> None:
        """Lay a tissue over the plane inside `distance` (mm, positive inside)."""
        alpha = np.clip(distance / self.step + 0.5, 0, 1)
        if limit is not None:
            alpha = alpha * limit
        self.image += alpha * (np.float32(self.values[tissue]) - self.image)

    def vault(self, shrink: float) -> Any:
        """The egg-shaped head above the face, `shrink` mm inside the scalp."""
        top = ellipsoid(self.x * (1 + 0.0011 * (-self.y)), self.y - 4, self.z - 2, (0, 0, 0), (78, 98, 92))
        return top - shrink

    def outline(self) -> Any:
        """Scalp, face, nose and neck."""
        face = ellipsoid(self.x, self.y, self.z, (0, -34, -62), (64, 62, 74))
        jaw = ellipsoid(self.x, self.y, self.z, (0, -42, -100), (52, 50, 50))
        nose = ellipsoid(self.x, self.y, self.z, (0, -98, -62), (14, 18, 26))
        neck = Tube.along([(0, 34, -60), (0, 24, -190)], [58, 54]).distance(self.x, self.y, self.z)
        head = smooth_max(smooth_max(self.vault(0), face, 18), jaw, 20)
        for ear in (-1, 1):
            head = smooth_max(head, ellipsoid(self.x, self.y, self.z, (ear * 80, 14, -34), (7, 16, 28)), 5)
        return smooth_max(smooth_max(head, nose, 12), neck, 24)

    def cavity(self) -> Any:
        """The inside of the skull above its stepped base: front, middle and hind fossa, and the saddle between."""
        forward = self.y + 7 * np.cos(self.side / 17) - 3
        floor = np.interp(forward, (-60, -46, -34, 0, 6, 34, 60), (-26, -26, -46, -46, -50, -70, -66)).astype(
            np.float32
        )
        floor = floor + 5 * np.exp(-(((self.side - 33) / 15) ** 2)) * np.clip((-38 - self.y) / 8, 0, 1)
        bowl = 0.012 * (self.side - 36) ** 2 + 0.016 * (self.y + 16) ** 2
        floor = floor + np.where((self.y > -46) & (self.y < 4), np.minimum(bowl, 14) - 4, 0)
        saddle = np.clip((16 - self.side) / 5, 0, 1) * np.clip((-4 - self.y) / 4, 0, 1)
        floor = np.maximum(floor, floor + saddle * (-27 - floor))
        return smooth_min(self.vault(11.5), self.z - floor, 8)

    def tent(self) -> Any:
        """Height of the sheet between cerebrum and cerebellum; in front of it the temporal lobes reach the base."""
        behind = -13 - 0.36 * (self.y - 25) - 0.006 * self.side**2
        share = np.clip((self.y - 13 + 0.12 * self.side) / 14, 0, 1)
        share = share * share * (3 - 2 * share)
        return share * behind - (1 - share) * 50

    def paint_outside(self) -> None:
        """Skin, fat of the scalp, temporal muscles, and the skull with its marrow."""
        skin = self.outline()
        self.lay(skin, "skin")
        self.lay(skin - 2, "fat")
        below = np.clip((-16 - self.z) / 20, 0, 1)
        self.lay(np.minimum(skin - 7, 60 * below - 1), "muscle")
        planes = 0.9 - np.abs(np.sin(self.side / 17 + self.y / 26) + 0.4 * np.sin(self.y / 9 + self.z / 15)) * 3
        self.lay(np.minimum(planes, np.minimum(skin - 7, 60 * below - 1)), "fat")
        temporal = ellipsoid(self.side, self.y, self.z, (72, -26, -18), (14, 34, 36))
        self.lay(np.minimum(temporal, skin - 4), "muscle")
        skull = smooth_max(np.minimum(self.vault(4.6), self.z + 22), np.minimum(self.cavity() + 5.5, skin - 4), 2)
        self.lay(skull, "bone")
        marrow = 1.5 - np.abs(self.vault(8.2)) + 0.5 * np.sin(self.y / 11)
        self.lay(np.minimum(np.minimum(marrow, self.z + 20), skull), "marrow")

    def paint_face(self) -> None:
        """Sinuses, nasal cavity, orbits with eyes and nerves, mastoid cells, spine below."""
        x, y, z, side = self.x, self.y, self.z, self.side
        self.lay(ellipsoid(side, y, z, (0, -66, -64), (17, 26, 22)), "muscle")
        self.lay(ellipsoid(side, y, z, (0, -52, -106), (26, 34, 16)), "muscle")
        self.lay(np.minimum(1.6 - np.abs(z + 87), ellipsoid(side, y, z, (0, -60, -87), (26, 32, 8))), "bone")
        self.lay(ellipsoid(side, y, z, (33, -60, -38), (20, 30, 19)), "bone")
        self.lay(ellipsoid(side, y, z, (33, -62, -38), (18, 30, 17)), "fat")
        for centre in ((33, -60, -26), (33, -60, -50), (22, -58, -38), (45, -58, -38)):
            self.lay(ellipsoid(side, y, z, centre, (3.2, 20, 3.2)), "muscle")
        nerve = Tube.along([(31, -66, -38), (10, -26, -34)], [2.4, 2.4]).distance(side, y, z)
        self.lay(nerve, "white")
        self.lay(ellipsoid(side, y, z, (33, -80, -38), (12.5, 12.5, 12.5)), "muscle")
        self.lay(ellipsoid(side, y, z, (33, -80, -38), (11.4, 11.4, 11.4)), "eye")
        self.lay(ellipsoid(side, y, z, (33, -88, -38), (4.6, 2.2, 4.6)), "muscle")
        cells = np.sin(y / 2.6) * np.sin(z / 2.9 + side / 5)
        self.lay(np.minimum(ellipsoid(side, y, z, (8, -64, -40), (9, 24, 12)), 2.2 - 2 * np.abs(cells)), "air")
        self.lay(ellipsoid(side, y, z, (32, -66, -70), (16, 17, 18)), "bone")
        self.lay(ellipsoid(side, y, z, (32, -66, -70), (14, 15, 16)), "air")
        self.lay(ellipsoid(side, y, z, (5, -70, -66), (4, 24, 22)), "air")
        self.lay(ellipsoid(side, y, z, (9, -30, -48), (9, 12, 9)), "air")
        self.lay(ellipsoid(side, y, z, (14, -88, -14), (13, 5, 11)), "air")
        petrous = Tube.along([(62, 24, -50), (20, -8, -48)], [15, 6]).distance(side, y, z)
        self.lay(petrous, "bone")
        self.lay(np.minimum(ellipsoid(side, y, z, (60, 28, -54), (13, 14, 18)), 1.2 + 3 * cells), "air")
        self.lay(ellipsoid(x, y, z, (0, -12, -80), (12, 10, 40)), "air")
        clivus = Tube.along([(0, -20, -40), (0, -2, -72)], [7, 5]).distance(x, y, z)
        self.lay(clivus, "bone")
        self.lay(clivus - 1.5, "marrow")
        column = Tube.along([(0, 10, -74), (0, 12, -190)], [9, 10]).distance(x, y, z)
        self.lay(column, "bone")
        self.lay(np.minimum(column - 1.5, 9 - np.abs((z + 79) % 19 - 9.5) - 0.8), "marrow")
        self.lay(Tube.along([(0, 33, -60), (0, 30, -190)], [11, 9]).distance(x, y, z), "fluid")
        self.lay(Tube.along([(0, 34, -86), (0, 30, -190)], [5.5, 5]).distance(x, y, z), "white")

    def inner_arch(self) -> Any:
        """Distance (mm) inside the outer border of the corpus callosum, seen from the side."""
        below = np.where(self.z < 8, 46.0, 22.0)
        return (1 - np.sqrt(((self.y - 2) / 42) ** 2 + ((self.z - 8) / below) ** 2)) * 24

    def brain(self) -> Any:
        """The surface of the cerebrum before folding, with the clefts between its parts."""
        gap = 2.0 + self.head.atrophy_mm
        shape = smooth_min(self.cavity() - gap, self.z - self.tent() - 1, 4)
        away = np.maximum(self.side - 1.0 - 0.6 * self.head.atrophy_mm, 0)
        cleft = np.hypot(away, np.maximum(self.inner_arch(), 0))
        shape = smooth_min(shape, np.where(cleft > 0, cleft, -2), 3)
        sylvian = Tube.along([(66, -14, -10), (44, -16, -8)], [2.2, 3.2]).distance(self.side, self.y, self.z)
        up = Tube.along([(68, 16, 8), (43, 8, 8)], [1.8, 2.2]).distance(self.side, self.y, self.z)
        floor = Tube.along([(66, -2, 0), (43, -4, 0)], [2.0, 2.8]).distance(self.side, self.y, self.z)
        return smooth_min(shape, -smooth_max(smooth_max(sylvian, up, 6), floor, 6), 3)

    def fold_distance(self, brain: Any) -> Any:
        """Distance (mm) to the nearest furrow, growing with depth so that furrows end inside."""
        reach = np.sqrt((self.x / 66) ** 2 + (self.y / 84) ** 2 + (self.z / 70) ** 2) + 1e-3
        squeeze = (1 + 0.52 * (1 / reach - 1)).astype(np.float32)
        scale = 1 / 4.6
        bend_y = 3.5 * np.sin(self.z / 13 + self.x / 21)
        bend_x = 3.5 * np.sin(self.y / 15 + self.z / 19)
        wave = sampled(
            self.head.folds,
            (self.x * squeeze + bend_x + 500 + 190 * (self.x > 0)) * scale,
            (self.y * squeeze + bend_y + 500) * scale,
            (self.z * squeeze + 500) * scale,
        )
        depth = np.maximum(brain, 0)
        return np.arcsin(np.minimum(np.abs(wave) / 1.7, 1)) * 5.4 + np.maximum(depth - 14, 0) * 0.5

    def paint_matter(self, brain: Any) -> None:
        """Grey ribbon along the folded surface, white matter within, deep grey matter and ventricles."""
        x, y, z, side = self.x, self.y, self.z, self.side
        inside = np.clip(brain / self.step + 0.5, 0, 1)
        furrow = self.fold_distance(brain) - 0.55 - 0.5 * self.head.atrophy_mm
        ribbon = np.minimum(brain, furrow)
        self.lay(ribbon, "grey", inside)
        self.lay(ribbon - 2.7, "white", inside)
        core = (1 - np.sqrt((side / 37) ** 2 + ((y - 2) / 42) ** 2 + ((z - 8) / np.where(z < 8, 30.0, 22.0)) ** 2)) * 22
        self.lay(core - 0.5 + 1.5 * np.sin(y / 6) * np.sin(side / 5), "white", inside)
        self.lay(4.5 - np.abs(self.side - 41.5) - 0.02 * (y + 2) ** 2 * 0.4 - np.abs(z) * 0.15, "grey")
        self.lay(ellipsoid(side, y, z, (10.5, 13, 4), (10.5, 16, 11)), "grey")
        shifted = side - 0.42 * (y + 2)
        self.lay(ellipsoid(shifted, y, z, (25.5, -2, 3), (6.2, 19, 13)), "grey")
        self.lay(ellipsoid(shifted, y, z, (20, 0, 1), (3.2, 11, 8)), "white")
        self.lay(Tube.along([(12, -27, 6), (15, -12, 19), (19, 12, 22)], [6.5, 4, 2.6]).distance(side, y, z), "grey")
        self.lay(self.ventricles(), "fluid")
        self.lay(np.minimum(0.7 - side, ellipsoid(x, y, z, (0, -20, 10), (30, 18, 12))), "white")

    def ventricles(self) -> Any:
        """Lateral, third ventricle and the cisterns around the midbrain."""
        grown = self.head.ventricles_mm
        side, y, z = self.side, self.y, self.z
        runs = (
            Tube.along(
                [(6, -34, 4), (7.5, -20, 13), (10, 0, 20), (14, 20, 20), (20, 35, 11)], [3.2, 4.6, 4.6, 5.2, 6.2]
            ),
            Tube.along([(20, 35, 11), (22, 48, 6), (20, 62, 2)], [6.2, 3.6, 1.6]),
            Tube.along([(21, 35, 10), (29, 20, -10), (31, 0, -20), (30, -12, -22)], [5, 2.4, 2.2, 2.4]),
        )
        lateral: Any = -1e3
        for run in runs:
            lateral = smooth_max(lateral, run.grown(grown).distance(side, y, z), 4)
        middle = Tube.along([(3.5, -29, 8), (4, -10, 16), (5.5, 8, 20.5)], [2.6, 3.6, 2.6]).grown(grown)
        lateral = smooth_max(lateral, middle.distance(side, y, z), 4)
        third = np.minimum(1.6 + 0.5 * grown - side, ellipsoid(side, y, z, (0, 2, -2), (30, 18, 13)))
        cistern = np.minimum(
            ellipsoid(side, y, z, (0, 8, -26), (22, 20, 12)), -ellipsoid(side, y, z, (0, 6, -28), (18, 15.5, 30))
        )
        basal = ellipsoid(side, y, z, (0, -16, -32), (15, 9, 6))
        return np.maximum(np.maximum(lateral, third), np.maximum(cistern, basal))

    def paint_hindbrain(self) -> None:
        """Cerebellum with its leaves, brain stem, fourth ventricle."""
        x, y, z, side = self.x, self.y, self.z, self.side
        lobes = smooth_max(
            ellipsoid(side, y, z, (27, 46, -46), (37, 38, 28)), ellipsoid(x, y, z, (0, 46, -34), (17, 32, 25)), 8
        )
        lobes = np.minimum(np.minimum(lobes, self.cavity() - 2), self.tent() - 1.5 - z)
        inside = np.clip(lobes / self.step + 0.5, 0, 1)
        leaves = np.abs(np.sin((np.hypot(y - 30, z + 40) + 0.5 * side + 1.5 * np.sin(side / 7)) / 1.75))
        self.lay(lobes, "fluid")
        self.lay(np.minimum(lobes, 5 * leaves - 0.5 + np.maximum(lobes - 12, 0)), "grey", inside)
        branch = np.abs(np.sin(np.arctan2(z + 44, y - 34) * 7 + side / 9)) * 3.4
        self.lay(np.minimum(lobes - 5, lobes - 13 + branch * 2.4), "white", inside)
        stem = Tube.along([(0, 2, -20), (0, 6, -36), (0, 16, -60), (0, 33, -86)], [15, 14, 10.5, 6]).distance(x, y, z)
        pons = ellipsoid(x, y, z, (0, 0, -40), (17, 14, 14))
        stem = np.minimum(smooth_max(stem, pons, 6), self.cavity() + 20)
        self.lay(stem, "white")
        self.lay(Tube.along([(14, 14, -42), (26, 34, -46)], [7, 8]).distance(side, y, z), "white")
        self.lay(stem - 5, "grey", np.float32(0.4))
        self.lay(ellipsoid(x, y, z, (0, 29, -42), (7, 4.5, 13)), "fluid")
        self.lay(ellipsoid(x, y, z, (0, 17, -24), (1.2, 1.2, 8)), "fluid")

    def paint_lesions(self, brain: Any) -> None:
        """Whatever this person suffers from, inside the brain only."""
        limit = np.clip((brain + 1) / self.step, 0, 1)
        for index, (centre, radii, tissue) in enumerate(self.head.lesions):
            ragged = 0.16 * min(radii) * np.sin(self.x / 3.1 + index) * np.sin(self.y / 2.7 + self.z / 3)
            self.lay(ellipsoid(self.x, self.y, self.z, centre, radii) + ragged, tissue, limit)
