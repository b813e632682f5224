"""What fills an abdomen: liver, spleen, kidneys, stomach, bowel, pancreas and the vessels behind them."""

from __future__ import annotations

from typing import Any

import numpy as np

from demo.phantoms.build import Torso
from demo.phantoms.canvas import Canvas, Plane, Tube, ellipsoid, generator, oval, smooth_max, smooth_min
from demo.phantoms.plumbing import AORTA, CAVA_BELOW, COLON, ILIACS, PANCREAS, PSOAS, Plumbing


def paint_abdomen(canvas: Canvas, torso: Torso, plumbing: Plumbing, clouds: Plane) -> None:
    """Paint everything below the diaphragm over the wall already there."""
    z = float(torso.z)
    if z > -80:
        return
    below = -torso.above_diaphragm - 2.5
    cavity = np.minimum(torso.cage - 11, below)
    spared = smooth_min(cavity, -torso.spine + 4, 6)
    canvas.paint(smooth_min(torso.cage - 9, below + 2.5, 3), 52)
    canvas.paint(spared, -106 + 7 * clouds)
    inside = canvas.coverage(spared)
    paint_back(canvas, torso, inside, clouds)
    canvas.tube(z, plumbing.mesentery, 130, inside)
    for index, loop in enumerate(plumbing.bowel):
        paint_gut(canvas, z, loop, 2.2, index, inside)
    paint_stomach(canvas, torso, inside, clouds)
    paint_colon(canvas, z, inside, clouds)
    paint_solid_organs(canvas, torso, plumbing, spared, clouds)


def paint_back(canvas: Canvas, torso: Torso, inside: Plane, clouds: Plane) -> None:
    """Great vessels, psoas muscles, kidneys, adrenals, pancreas."""
    z, build = float(torso.z), torso.build
    contrast = build.contrast
    for muscle in PSOAS:
        canvas.tube(z, muscle, 58 + 4 * clouds)
    canvas.tube(z, AORTA.grown(1.2), 45)
    canvas.tube(z, AORTA, 172 if contrast else 42)
    for tube in ILIACS:
        canvas.tube(z, tube, 165 if contrast else 42)
    canvas.tube(z, CAVA_BELOW, 140 if contrast else 40)
    for side in (-1, 1):
        drop = -8 if side < 0 else 0
        centre = (side * 64.0, 42.0, -228.0 + drop)
        canvas.ball(z, centre, (29, 25, 56), 186 if contrast else 34, inside, side * 0.5)
        canvas.ball(z, centre, (21, 17, 47), (150 if contrast else 32) + 14 * clouds, inside, side * 0.5)
        canvas.ball(z, (side * 53, 36, centre[2]), (15, 9, 30), -96, inside, side * 0.5)
        canvas.tube(
            z, Tube.along([(side * 54, 36, centre[2]), (side * 14, 18, centre[2] + 10)], [3.4, 3.2]), 150, inside
        )
        if -178 < z < -150:
            limb = Tube.along([(side * 36, 26, z), (side * 40, 40, z)], [2.6, 2.0])
            canvas.tube(z, limb, 66, inside)
            canvas.tube(z, Tube.along([(side * 36, 26, z), (side * 45, 37, z)], [2.6, 2.0]), 66, inside)
    if build.cyst:
        canvas.ball(z, (84, 56, -250), (19, 19, 19), 6)
    canvas.tube(z, PANCREAS, (92 if contrast else 38) + 12 * clouds, inside)
    canvas.tube(
        z, Tube.along([(-18, -12, -196), (20, -2, -186), (70, 26, -168)], [5, 4.6, 4]), 150 if contrast else 40, inside
    )
    canvas.tube(
        z, Tube.along([(3, 2, -192), (2, -14, -215), (-4, -18, -300)], [3.6, 3.6, 2.6]), 165 if contrast else 42, inside
    )
    if z < -330:
        paint_hips(canvas, z)


def paint_hips(canvas: Canvas, z: float) -> None:
    """The wings of the hip bones."""
    lift = min((-330 - z) / 60, 1.0)
    for side in (-1, 1):
        wing = Tube.along(
            [
                (side * (118 - 4 * lift), -8 - 26 * lift, z),
                (side * 114, 22, z),
                (side * (88 - 14 * lift), 58 + 8 * lift, z),
            ],
            [3 + 2 * lift, 4 + 3 * lift, 4 + 4 * lift],
        )
        canvas.paint(wing.distance(canvas.x, canvas.y, z), 600)
        canvas.paint(wing.grown(-2).distance(canvas.x, canvas.y, z), 230)


def paint_gut(canvas: Canvas, z: float, loop: Tube, wall: float, index: int, inside: Plane) -> None:
    """One loop of small bowel: an enhancing wall around fluid, here and there gas."""
    canvas.tube(z, loop, 92, inside)
    canvas.tube(z, loop.grown(-wall), 22 + 3 * (index % 5), inside)
    if index % 4 == 1:
        canvas.tube(z, Tube(loop.starts, loop.ends, loop.start_radii - 6, loop.end_radii - 6), -820, inside)


def paint_stomach(canvas: Canvas, torso: Torso, inside: Plane, clouds: Plane) -> None:
    """The stomach, fluid below and gas on top, as a patient on the back has it."""
    z = float(torso.z)
    if z < -235:
        return
    high = ellipsoid(torso.x, torso.y, z, (66, 4, -148), (37, 42, 44))
    low = Tube.along([(58, -22, -180), (34, -48, -204), (-4, -46, -212)], [24, 19, 14]).distance(torso.x, torso.y, z)
    stomach = smooth_max(high, low, 18)
    canvas.paint(stomach, 72, limit=inside)
    canvas.paint(stomach - 3.6 - 1.2 * np.maximum(clouds, 0), 14 + 16 * np.maximum(clouds - 0.6, 0), limit=inside)
    canvas.paint(np.minimum(stomach - 3.6, -22 - torso.y), -940, limit=inside)


def paint_colon(canvas: Canvas, z: float, inside: Plane, clouds: Plane) -> None:
    """Colon with folds, its stool and its gas."""
    segments = COLON.crossing(z)
    if not len(segments):
        return
    distance: Any = -1e3
    for index in segments:
        distance = np.maximum(distance, COLON.segment_distance(int(index), canvas.x, canvas.y, z))
    distance = distance - 2.6 * np.sin(z / 7.0 + canvas.x / 9) - 1.5 * clouds - 1
    canvas.paint(distance, 74, limit=inside)
    fine = np.sin(canvas.x * 1.1 + 3 * clouds) * np.sin(canvas.y * 1.3 + z) + clouds
    stool = np.where(fine > 0.9, -420, 38 + 30 * fine).astype(np.float32)
    canvas.paint(distance - 2.4, stool, limit=inside)
    gas = np.minimum(distance - 2.4, -4 - canvas.y - 20 * np.sin(canvas.x / 30 + z / 60))
    canvas.paint(gas, -930, limit=inside)


def paint_solid_organs(canvas: Canvas, torso: Torso, plumbing: Plumbing, cavity: Any, clouds: Plane) -> None:
    """Liver with its vessels and gall bladder, and spleen."""
    z, build = float(torso.z), torso.build
    if z > -252:
        right = ellipsoid(torso.x, torso.y, z, (-58, -2, -160), (84, 92, 88))
        left = ellipsoid(torso.x, torso.y, z, (4, -50, -146), (72, 36, 44))
        liver = smooth_min(smooth_max(right, left, 16), cavity - 0.3, 6)
        hollow = oval(torso.x + 12, torso.y - 12, 22, 20, 0.2)
        liver = smooth_min(liver, -hollow, 8)
        canvas.paint(liver, (112 if build.contrast else 58) + 3.5 * clouds)
        mask = canvas.coverage(liver)
        for tree in plumbing.liver:
            canvas.tube(z, tree, 158 if build.contrast else 48, mask)
        rng = generator(build.seed, "liver")
        for _ in range(build.liver_lesions):
            cx, cy, cz = (float(v) for v in rng.uniform((-108, -40, -205), (-40, 48, -125)))
            size = float(rng.uniform(7, 15))
            canvas.ball(z, (cx, cy, cz), (size, size * 0.92, size), 66, mask)
            canvas.ball(z, (cx, cy, cz), (size * 0.6, size * 0.55, size * 0.6), 44, mask)
        canvas.ball(z, (-46, -52, -206), (16, 21, 26), 70)
        canvas.ball(z, (-46, -52, -206), (14, 19, 24), 9)
    spleen = ellipsoid(torso.x, torso.y, z, (98, 38, -150), (30, 46, 50))
    hollow = ellipsoid(torso.x, torso.y, z, (62, 18, -150), (34, 34, 50))
    canvas.paint(
        smooth_min(smooth_min(spleen, -hollow, 8), cavity - 1.5, 5), (122 if build.contrast else 50) + 3 * clouds
    )
