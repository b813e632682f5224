"""What fills a chest: lungs with their vessels and airways, heart, great vessels, gullet, and what may be ill."""

from __future__ import annotations

import numpy as np

from demo.phantoms.build import Build, Torso
from demo.phantoms.canvas import Canvas, Plane
from demo.phantoms.plumbing import (
    AORTA,
    CAVA_ABOVE,
    GULLET,
    LUNG_ARTERIES,
    NECK_ARTERIES,
    NECK_VEINS,
    WINDPIPE,
    Plumbing,
)


def paint_chest(canvas: Canvas, torso: Torso, plumbing: Plumbing, clouds: Plane) -> None:
    """Paint everything between neck and diaphragm over the wall already there."""
    z = float(torso.z)
    if z < -195:
        return
    paint_mediastinum(canvas, torso, clouds)
    if z < 118:
        paint_lungs(canvas, torso, plumbing, clouds)
    for airway in WINDPIPE:
        canvas.tube(z, airway.grown(1.6), 35)
    for airway in WINDPIPE:
        canvas.tube(z, airway, -985)


def paint_mediastinum(canvas: Canvas, torso: Torso, clouds: Plane) -> None:
    """Fat, great vessels, gullet and heart."""
    z, build = float(torso.z), torso.build
    blood = 178 if build.contrast else 42
    venous = 205 if build.contrast else 40
    room = np.minimum(torso.cage - 10, torso.mediastinum)
    if z > 60:
        room = np.minimum(torso.cage - 8, torso.mediastinum + 3)
    canvas.paint(room, -92 + 12 * clouds)
    inside = canvas.coverage(torso.skin - 6)
    if z > 80:
        for side in (-1, 1):
            canvas.ball(z, (side * 21, -14, 112), (11, 12, 26), 120, inside)
    paint_heart(canvas, torso, clouds)
    canvas.tube(z, GULLET, 42, inside)
    canvas.ball(z, (6, 26, 48), (2.2, 1.6, 16), -600, inside)
    for tube in NECK_VEINS:
        canvas.tube(z, tube, venous, inside)
    for tube in (*LUNG_ARTERIES, *NECK_ARTERIES):
        canvas.tube(z, tube, blood, inside)
    canvas.tube(z, CAVA_ABOVE, venous, inside)
    if z > -195:
        canvas.tube(z, AORTA.grown(1.2), 45, inside)
        canvas.tube(z, AORTA, blood + 6, inside)
    for centre, radius in (((-14, 6, 22), 5.0), ((8, 4, -6), 6.0), ((30, -6, 16), 4.5), ((-3, 18, -26), 6.0)):
        canvas.ball(z, centre, (radius, radius * 0.7, radius), 62)


def paint_heart(canvas: Canvas, torso: Torso, clouds: Plane) -> None:
    """Muscle and chambers within their fat; the chambers are bright when contrast was given."""
    z, build = float(torso.z), torso.build
    if z < -135 or z > 0:
        return
    muscle = torso.heart(5.0 + 1.5 * float(np.sin(z / 9)))
    inside = canvas.coverage(muscle)
    canvas.paint(muscle, (96 if build.contrast else 46) + 4 * clouds)
    left, right = (172, 160) if build.contrast else (44, 43)
    scale = build.heart
    canvas.ball(z, (47 * scale, -26, -70), (27 * scale, 19, 34), left, inside, -0.75)
    canvas.ball(z, (18, -54, -68), (33 * scale, 17, 38), right, inside, 0.5)
    canvas.ball(z, (-18, -30, -60), (21, 25, 32), right + 14, inside)
    canvas.ball(z, (10, 3, -42), (33, 16, 22), left, inside, 0.12)
    canvas.ball(z, (6, -18, -36), (16, 16, 18), left, inside)


def paint_lungs(canvas: Canvas, torso: Torso, plumbing: Plumbing, clouds: Plane) -> None:
    """Aerated lung, denser where gravity presses it, with fissures, airways and vessels."""
    z, build = float(torso.z), torso.build
    if build.effusion_mm:
        canvas.paint(torso.pleura, 12)
    lungs = torso.lungs
    mask = canvas.coverage(lungs)
    if not mask.any():
        return
    air = -868 + 0.26 * (torso.y + 40) + 13 * clouds - 12 * np.clip((lungs - 12) / 30, 0, 1)
    canvas.paint(lungs, air)
    fissure = np.abs(torso.y - 4 + 0.62 * (z + 34) + 7 * np.sin(torso.x / 34) + 2 * clouds)
    canvas.image += mask * np.exp(-((fissure / 1.1) ** 2)) * 85
    for airway in plumbing.airways:
        canvas.tube(z, airway.grown(0.9), -150, mask)
    blood = 150 if build.contrast else 45
    for tree in (*plumbing.arteries, *plumbing.veins):
        canvas.tube(z, tree, blood, mask)
    for airway in plumbing.airways:
        canvas.tube(z, airway, -960, mask)
    paint_nodule(canvas, build, z, mask)


def paint_nodule(canvas: Canvas, build: Build, z: float, mask: Plane) -> None:
    """A solid nodule with spicules, if this person has one."""
    if build.nodule is None:
        return
    nx, ny, nz = build.nodule
    height = z - nz
    radius = build.nodule_mm / 2
    if abs(height) > radius * 1.6:
        return
    x, y = canvas.x - nx, canvas.y - ny
    angle = np.arctan2(y, x)
    lobes = 1 + 0.10 * np.sin(3 * angle + 0.5) + 0.06 * np.sin(5 * angle + height / 3)
    distance = radius * lobes - np.sqrt(x * x + y * y + height * height)
    spicules = radius * (1.55 + 0.25 * np.sin(7 * angle)) - np.hypot(x, y)
    thin = np.clip(np.cos(11 * angle + height) - 0.86, 0, 1) * 6
    canvas.paint(np.where(abs(height) < radius * 0.7, np.minimum(spicules, thin - 0.35), -9), -260, limit=mask)
    canvas.paint(distance, 42)
