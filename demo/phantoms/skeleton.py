"""Bones and muscles of the trunk: ribs, spine, breastbone, shoulder girdle and the wall around the cavities."""

from __future__ import annotations

from typing import Any

import numpy as np

from demo.phantoms.build import Torso, along
from demo.phantoms.canvas import Canvas, Plane, Point, Tube, oval, resized

RIB_SPACING_MM = 25.0
RIB_FALL_MM = 112.0
CLAVICLES = [
    Tube.along([(side * 16, -62, 48), (side * 70, -52, 74), (side * 140, -18, 96)], [7, 5.5, 6.5]) for side in (-1, 1)
]
SCAPULAE = [
    Tube.along([(side * 102, 84, -50), (side * 104, 86, 20), (side * 128, 66, 62), (side * 150, 22, 84)], [5, 6, 7, 11])
    for side in (-1, 1)
]


ARMS = [
    Tube.along([(side * 172, 6, 58), (side * 208, 8, -70), (side * 236, 8, -220)], [40, 39, 36]) for side in (-1, 1)
]


def paint_arms(canvas: Canvas, z: float) -> None:
    """Upper arms that hang beside the chest, as in a picture taken standing."""
    for arm in ARMS:
        canvas.tube(z, arm, 25)
        canvas.tube(z, arm.grown(-3), -100)
        canvas.tube(z, arm.grown(-9), 55)
        canvas.tube(z, arm.grown(-28), 700)
        canvas.tube(z, arm.grown(-32), 150)


def paint_wall(canvas: Canvas, torso: Torso, clouds: Plane) -> None:
    """Skin, fat and the muscles between fat and ribs."""
    z = float(torso.z)
    skin = torso.skin
    canvas.paint(skin, 25)
    canvas.paint(skin - 2.2, -104 + 9 * clouds)
    if torso.build.female and -115 < z < 10:
        strands = (clouds + 0.6 * np.sin(torso.x / 5 + 2 * clouds) * np.cos(torso.y / 6)) > 0.55
        gland = (skin > 12) & (torso.cage < -26) & (torso.y < -60) & (np.abs(torso.x) > 35)
        canvas.image[gland & strands] = 8
    side_share = np.abs(torso.x) / (np.hypot(torso.x, torso.y) + 1)
    behind = np.clip(torso.y / 70, 0, 1)
    front = np.clip(-torso.y / 70, 0, 1)
    chest_front = (
        front * np.clip(np.abs(torso.x) / 22 - 0.5, 0, 1) * np.clip((z + 75) / 60, 0, 1) * np.clip((150 - z) / 50, 0, 1)
    )
    belly = np.clip((-170 - z) / 40, 0, 1)
    thickness = (
        5
        + side_share * (12 * np.clip((z + 160) / 120, 0.35, 1) + 12 * np.clip((z + 10) / 40, 0, 1))
        + 10 * behind
        + 14 * chest_front
        + 6 * belly * (0.3 + 0.7 * side_share)
    )
    sheet = np.minimum(torso.cage + thickness, skin - 6)
    plane_of_fat = np.exp(-(((torso.cage + 0.5 * thickness + 0.9 * clouds) / 1.4) ** 2)) * (0.35 + 0.65 * side_share)
    canvas.paint(sheet, 56 + 4 * clouds - 120 * plane_of_fat)
    for side in (-1, 1):
        where = canvas.box(side * 30 - 26, side * 30 + 26, torso.spine_y + 20, torso.spine_y + 60)
        along_spine = oval(canvas.x[where] - side * 30, canvas.y[where] - torso.spine_y - 40, 25, 19, 0.3)
        flesh = 54 + 5 * clouds - 60 * (clouds > 1.5)
        canvas.paint(np.minimum(along_spine, skin[where] - 5), flesh, where)


def paint_ribs(canvas: Canvas, torso: Torso) -> None:
    """Ribs that fall towards the front, of bone behind and of cartilage in front."""
    z = float(torso.z)
    if not -250 < z < 118:
        return
    front = 0.5 - 0.5 * (torso.y - 2) / (np.hypot(torso.x, torso.y - 2) + 1e-3)
    height = z + RIB_FALL_MM * front * torso.build.size
    level = np.round(height / RIB_SPACING_MM)
    away = height - level * RIB_SPACING_MM
    reach = np.clip((height + 225) / 6, -1, 1) * np.clip((106 - height) / 6, -1, 1)
    floating = np.where(height < -165, np.clip((0.5 - front) * 60, -20, 9), 9.0)
    band = (1 - np.sqrt(((torso.cage - 5.2) / 4.4) ** 2 + (away / 6.6) ** 2)) * 4.4
    band = np.minimum(np.minimum(band, 4 * reach), np.minimum(floating, (np.abs(torso.x) - 21) * 0.8))
    cartilage = np.clip((front - 0.79) * 22, 0, 1)
    shell = 780 - 480 * np.clip((band - 1.1) / 1.0, 0, 1)
    canvas.paint(band, (shell * (1 - cartilage) + 105 * cartilage).astype(np.float32))


def paint_breastbone(canvas: Canvas, torso: Torso) -> None:
    """Sternum: a flat bone with a thin shell."""
    z = float(torso.z)
    if not -105 < z < 52:
        return
    depth = along(z, (-105, -50, 0, 52), (92, 90, 84, 72)) * torso.build.size
    width = along(z, (-105, -90, -40, 10, 52), (7, 15, 17, 15, 27))
    canvas = canvas.window(-30, 30, -depth - 8, -depth + 8)
    plate = oval(canvas.x, canvas.y + depth, width, 6.5, 0.6)
    canvas.paint(plate, 620)
    canvas.paint(plate - 1.6, 170)


def paint_bone(canvas: Canvas, x: Plane, y: Plane, bone: Tube, value: float) -> None:
    """A process of a vertebra lying in the plane: a shell of `value` around marrow."""
    canvas.paint(bone.distance(x, y, 0.0), value)
    canvas.paint(bone.grown(-2).distance(x, y, 0.0), 240)


def paint_spine(canvas: Canvas, torso: Torso, clouds: Plane) -> None:
    """Vertebrae with discs, canal and processes."""
    z = float(torso.z)
    lumbar = float(np.clip((-150 - z) / 80, 0, 1))
    neck = float(np.clip((z - 85) / 40, 0, 1))
    scale = (1 + 0.32 * lumbar - 0.38 * neck) * torso.build.size
    pitch = 24 + 9 * lumbar - 6 * neck
    level = (z / pitch) % 1.0
    canvas = canvas.window(-62 * scale, 62 * scale, torso.spine_y - 24, torso.spine_y + 64 * scale)
    clouds = resized(clouds, *canvas.image.shape)
    x, y = canvas.x, canvas.y - torso.spine_y
    reach = max(1 - ((level - 0.5) / 0.3) ** 2, 0.0) ** 0.5
    neck_of_rib = max(1 - ((level - 0.86) / 0.2) ** 2, 0.0) ** 0.5 if z > -170 else 0.0
    for side in (-1, 1):
        if reach:
            ends: list[Point] = [(side * 9 * scale, 22 * scale, 0), (side * 33 * scale, (34 - 8 * lumbar) * scale, 0)]
            paint_bone(canvas, x, y, Tube.along(ends, [6 * reach, 4.2 * reach]), 520)
        if neck_of_rib:
            run: list[Point] = [(side * 17 * scale, 10, 0), (side * 30 * scale, 33, 0), (side * 52, 40, 0)]
            paint_bone(canvas, x, y, Tube.along(run, [5.5 * neck_of_rib, 4.5 * neck_of_rib, 4.5 * neck_of_rib]), 560)
    gap = float(np.clip((abs(level - 0.89) - 0.075) / 0.04, 0, 1))
    canvas.paint(oval(x, y - 24 * scale, 14.5 * scale, 13.5 * scale, 0.2), 120 + 420 * gap)
    fin = max(1 - ((level - 0.36) / 0.42) ** 2, 0.0) ** 0.5
    if fin:
        tip: list[Point] = [(0, 34 * scale, 0), (0, (48 - 6 * lumbar) * scale, 0)]
        paint_bone(canvas, x, y, Tube.along(tip, [5.5 * scale * fin, 4 * fin]), 500)
    body = oval(x, y, 17.5 * scale, 14.5 * scale, 0.25)
    end_plate = float(np.clip(1 - (abs(level - 0.89) - 0.1) / 0.06, 0, 1))
    canvas.paint(body, 88 + 470 * gap)
    canvas.paint(body - 1.7, 88 + gap * (117 + 16 * clouds + 170 * end_plate))
    canvas.paint(oval(x, y - 23 * scale, 10.5 * scale, 8.6 * scale, 0.15), -10)
    canvas.paint(oval(x, y - 23 * scale, 9 * scale, 7.6 * scale, 0.15), 16)
    canvas.paint(oval(x, y - 23 * scale, 5.2, 4.2, 0.1), 40)


def paint_shoulders(canvas: Canvas, torso: Torso, clouds: Plane) -> None:
    """Collar bones, shoulder blades with their muscles, and the heads of the upper arms."""
    z = float(torso.z)
    inside = canvas.coverage(torso.skin - 5)
    outside_cage = inside * canvas.coverage(-torso.cage)
    flesh = 54 + 5 * clouds
    for side in (-1, 1):
        if -60 < z < 96:
            canvas.ball(z, (side * 118, 70, 22), (44, 24, 84), flesh, outside_cage, side * -0.55)
        if z > 40:
            canvas.ball(z, (side * 150, 8, 92), (44, 40, 56), flesh, outside_cage)
            canvas.ball(z, (side * 96, -50, 66), (52, 16, 44), flesh, outside_cage, side * 0.35)
    for tube in (*SCAPULAE, *CLAVICLES):
        canvas.tube(z, tube, 600, inside)
        canvas.tube(z, tube.grown(-2.2), 230, inside)
    if -55 < z < 70:
        for side in (-1, 1):
            blade: Any = Tube.along([(side * 92, 88, 0), (side * 138, 56, 0)], [2.6, 3.4]).distance(
                torso.x, torso.y, 0.0
            )
            canvas.paint(np.minimum(blade, np.minimum(-torso.cage, torso.skin) - 5), 480)
    if z > 62:
        for side in (-1, 1):
            canvas.ball(z, (side * 166, 6, 98), (24, 24, 27), 560, inside)
            canvas.ball(z, (side * 166, 6, 98), (21.5, 21.5, 24.5), 230, inside)
