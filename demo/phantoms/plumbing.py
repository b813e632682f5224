"""What runs through a chest and an abdomen: vessels, airways and bowel of one body, grown once for all slices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.phantoms.branches import grow_tree, thick_part
from demo.phantoms.build import Build, Torso
from demo.phantoms.canvas import Point, Tube, ellipsoid, generator

AORTA = Tube.along(
    [(6, -14, -32), (-14, -24, -8), (-16, -22, 16), (-4, -6, 33), (12, 12, 31), (23, 27, 10),
     (23, 33, -60), (16, 30, -150), (8, 20, -240), (3, 8, -330), (2, 6, -345)],
    [16, 15.5, 15, 14, 13, 12.5, 12, 11, 9.5, 9, 8],
)  # fmt: skip
ILIACS = [Tube.along([(2, 6, -343), (side * 26, 8, -385), (side * 44, 0, -430)], [6.5, 5.5, 5]) for side in (-1, 1)]
CAVA_ABOVE = Tube.along([(-22, -16, 62), (-25, -20, 10), (-24, -18, -34)], [7.5, 9, 10])
CAVA_BELOW = Tube.along([(-22, -4, -88), (-22, 8, -150), (-20, 14, -260), (-17, 12, -345)], [12, 12, 11, 10])
NECK_ARTERIES = [
    Tube.along([(-8, -12, 33), (-18, -14, 62), (-26, -8, 110), (-27, -6, 170)], [6.5, 6, 4.2, 3.6]),
    Tube.along([(2, -3, 34), (8, -4, 62), (25, -6, 115), (27, -6, 170)], [4.2, 4, 3.8, 3.6]),
    Tube.along([(12, 8, 32), (24, 6, 66), (48, -4, 86), (95, -18, 88)], [5, 5, 4.5, 4]),
    Tube.along([(-18, -14, 62), (-46, -6, 86), (-95, -18, 88)], [4.5, 4.5, 4]),
]
NECK_VEINS = [
    Tube.along([(-22, -20, 58), (-34, -22, 80), (-34, -10, 170)], [6.5, 6, 5.5]),
    Tube.along([(-20, -22, 52), (8, -34, 58), (32, -24, 78), (34, -10, 170)], [6.5, 6, 6, 5]),
]
LUNG_ARTERIES = [
    Tube.along([(20, -46, -36), (16, -30, -14), (10, -20, -8)], [14, 14, 13]),
    Tube.along([(10, -20, -10), (-16, -8, -13), (-44, 4, -18)], [12, 10.5, 9]),
    Tube.along([(10, -20, -8), (28, 0, -3), (44, 16, -10)], [12, 10.5, 9]),
]
WINDPIPE = [
    Tube.along([(0, -2, 170), (0, 4, 90), (2, 12, 0)], [9, 9, 9]),
    Tube.along([(2, 12, 2), (-20, 14, -13), (-38, 14, -26)], [8, 7, 6]),
    Tube.along([(2, 12, 2), (26, 18, -14), (46, 22, -24)], [7.5, 6.5, 5.6]),
]
GULLET = Tube.along([(4, 22, 130), (5, 28, 40), (9, 24, -40), (16, 8, -105), (26, -4, -125)], [6, 6.5, 7, 7.5, 8])
COLON = Tube.along(
    [(-98, 2, -392), (-106, 12, -340), (-108, 14, -285), (-104, 4, -235), (-92, -34, -226), (-62, -62, -238),
     (-20, -72, -258), (20, -72, -258), (62, -60, -232), (98, -18, -192), (108, 26, -180), (112, 36, -240),
     (112, 34, -310), (108, 26, -370), (96, 14, -410)],
    [25, 24, 22, 20, 19, 18, 17, 17, 17, 18, 18, 15, 14, 14, 13],
)  # fmt: skip
PANCREAS = Tube.along(
    [(-30, -6, -212), (-4, -20, -203), (30, -12, -194), (58, 10, -184), (78, 26, -172)], [12, 10, 9.5, 9, 7]
)
PSOAS = [
    Tube.along(
        [(side * 28, 42, -215), (side * 40, 40, -300), (side * 56, 28, -370), (side * 74, 8, -430)], [8, 19, 24, 21]
    )
    for side in (-1, 1)
]


def points_inside(rng: np.random.Generator, build: Build, side: int, count: int) -> NDArray[np.float64]:
    """Random points within one lung, closer together near its surface, as small vessels are."""
    spread = rng.uniform((4, -95, -175), (132, 90, 105), (count * 12, 3)) * (side, 1, 1)
    torso = Torso(build, spread[:, 0], spread[:, 1], spread[:, 2])
    depth = torso.pleura
    keep = (depth > 4) & (rng.random(len(spread)) < np.where(depth < 22, 1.0, 0.55))
    return np.asarray(spread[keep][:count], np.float64)


def points_in_ellipsoid(rng: np.random.Generator, centre: Point, radii: Point, count: int) -> NDArray[np.float64]:
    """Random points within an ellipsoid."""
    spread = rng.uniform(-1, 1, (count * 3, 3)) * radii + centre
    depth = ellipsoid(spread[:, 0], spread[:, 1], spread[:, 2], centre, radii)
    return np.asarray(spread[depth > 2][:count], np.float64)


@dataclass(frozen=True)
class Plumbing:
    """Everything tubular of one body that is grown at random."""

    arteries: list[Tube]
    veins: list[Tube]
    airways: list[Tube]
    liver: list[Tube]
    mesentery: Tube
    bowel: list[Tube]


def lay_plumbing(build: Build, abdomen: bool) -> Plumbing:
    """Grow the vessels, airways and bowel of a body; the bowel only where it will be seen."""
    rng = generator(build.seed, "plumbing")
    arteries, veins, airways = [], [], []
    for side, artery, vein, bronchus in (
        (-1, (-42, 4, -18), (-30, 6, -44), (-38, 14, -26)),
        (1, (43, 15, -10), (38, 10, -44), (46, 22, -24)),
    ):
        targets = points_inside(rng, build, side, 1700)
        arteries.append(grow_tree(targets, artery, 7.6, 0.5))
        veins.append(grow_tree(points_inside(rng, build, side, 1000), vein, 6.2, 0.48))
        airways.append(
            thick_part(grow_tree(targets[::14] + rng.normal(0, 2, (len(targets[::14]), 3)), bronchus, 4.6, 0.9), 1.3)
        )
    liver = [
        grow_tree(points_in_ellipsoid(rng, (-58, -6, -165), (78, 80, 74), 150), (-22, -18, -188), 6.5, 0.9),
        grow_tree(points_in_ellipsoid(rng, (-50, -2, -150), (72, 74, 60), 60), (-22, -2, -105), 6.0, 1.3),
    ]
    sheet = rng.uniform((-70, -60, -520), (75, 0, -215), (170, 3))
    return Plumbing(
        arteries, veins, airways, liver, grow_tree(sheet, (2, -8, -205), 5.0, 0.8), bowel_loops(rng) if abdomen else []
    )


def bowel_loops(rng: np.random.Generator) -> list[Tube]:
    """Small bowel: wandering loops packed in front of the spine and below the stomach."""
    loops = []
    for index in range(38):
        column, line = index % 6, index // 6
        start = np.array(
            [-76 + 30 * column + rng.normal(0, 7), -36 + rng.normal(0, 16), -242 - 26 * line + rng.normal(0, 8)]
        )
        heading = rng.normal(size=3) * (1, 0.4, 0.5)
        points: list[Point] = []
        radii = []
        for _ in range(7):
            points.append((float(start[0]), float(start[1]), float(start[2])))
            radii.append(float(rng.uniform(9.5, 13)))
            heading = 0.62 * heading + rng.normal(size=3) * (0.8, 0.5, 0.5)
            start = start + heading / np.linalg.norm(heading) * 15
            start[1] = np.clip(start[1], -66, -8)
            start[0] = np.clip(start[0], -84, 86)
        loops.append(Tube.along(points, radii))
    return loops
