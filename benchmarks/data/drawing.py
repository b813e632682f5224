"""Pictures of the benchmarks' sets: the demonstration's phantoms, a few drawn and the rest mixed between neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.phantoms.acquisition import Frame, MrPlan, Reconstruction, chest_radiographs, ct_trunk, mr_frames, stored
from demo.phantoms.build import Build
from demo.phantoms.canvas import Grain, generator
from demo.phantoms.head import Head
from demo.phantoms.trunk import Trunk

CT_SIZE, CT_FIELD_MM, CT_TOP_MM, CT_LENGTH_MM, CT_INTERCEPT = 512, 390.0, 150.0, 360.0, -1024.0
MR_SIZE, MR_FIELD_MM, MR_BOTTOM_MM, MR_LENGTH_MM = 256, 230.0, -50.0, 125.0
CR_ROWS, CR_COLUMNS = 2500, 2048
DRAWN = 24
"""Key pictures of a stack: drawing one takes some 40 ms, mixing two of them 2 ms."""

BODY = Build("benchmark", fat_mm=15)
HEAD = Head("benchmark", 1.0, 0.4, 0.1)


def between(keys: list[Any], share: float) -> NDArray[np.float32]:
    """The picture at `share` (0 to 1) of the way through a stack of key pictures."""
    place = share * (len(keys) - 1)
    lower = min(int(place), len(keys) - 2)
    part = np.float32(place - lower)
    return np.asarray(keys[lower] * (1 - part) + keys[lower + 1] * part, np.float32)


@cache
def ct_keys() -> list[Any]:
    """Clean key slices of a chest, from the top down."""
    spacing = CT_LENGTH_MM / (DRAWN - 1)
    slices = ct_trunk(Trunk.of(BODY), CT_TOP_MM, DRAWN, spacing, CT_SIZE, CT_FIELD_MM)
    return [picture for _, picture in slices]


@cache
def mr_keys(contrast: str) -> list[Any]:
    """Key pictures of a head in one contrast, from below upwards."""
    plan = MrPlan(contrast, "axial", MR_BOTTOM_MM, DRAWN, MR_LENGTH_MM / (DRAWN - 1), MR_SIZE, MR_FIELD_MM)
    return [frame.pixels.astype(np.float32) for frame in mr_frames(HEAD, plan)]


def ct_slices(seed: str, first: int, count: int, of: int) -> Iterator[Frame]:
    """Slices `first` to `first + count` of a chest of `of` slices, each with noise of its own."""
    kernel = Reconstruction(f"{seed}/{first}", CT_SIZE, sharp=True, noise=24)
    corner = -CT_FIELD_MM / 2 + CT_FIELD_MM / CT_SIZE / 2
    for index in range(first, first + count):
        share = index / max(of - 1, 1)
        pixels = stored(kernel.apply(between(ct_keys(), share)), CT_INTERCEPT, signed=False)
        yield Frame(pixels, (corner, corner, round(CT_TOP_MM - share * CT_LENGTH_MM, 3)))


def mr_slices(seed: str, contrast: str, times: range, slices: int) -> Iterator[Frame]:
    """Volumes of a head at several times, slice after slice, each with noise of its own."""
    grain = Grain(generator(seed, contrast, times.start), MR_SIZE, MR_SIZE, sharp=False)
    corner = (-MR_FIELD_MM + MR_FIELD_MM / MR_SIZE) / 2
    for time in times:
        for index in range(slices):
            share = index / max(slices - 1, 1)
            noisy = between(mr_keys(contrast), share) * (1 + 0.01 * np.sin(time)) + 6 * grain.next()
            pixels = np.clip(np.rint(noisy), 0, 4095).astype(np.uint16)
            position = (corner, corner, round(MR_BOTTOM_MM + share * MR_LENGTH_MM, 3))
            yield Frame(pixels, position, {"TemporalPositionIdentifier": time + 1})


def radiographs(seed: str, count: int) -> Iterator[Frame]:
    """Radiographs of a chest: one is drawn, the others are it with noise of their own."""
    drawn = next(chest_radiographs(Trunk.of(BODY), CR_ROWS, CR_COLUMNS, seed))
    rng = generator(seed, "radiographs")
    for _ in range(count):
        noise = rng.standard_normal(drawn.pixels.shape, dtype=np.float32) * np.float32(4)
        pixels = np.clip(np.rint(drawn.pixels + noise), 0, 4095).astype(np.uint16)
        yield Frame(pixels, drawn.position, drawn.extra)
