"""Soft-edged drawing on a grid of millimetres: the brush that every phantom is painted with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.float32]
Point = tuple[float, float, float]


def generator(*parts: object) -> np.random.Generator:
    """A random generator that depends on nothing but `parts`."""
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def smooth_min(a: Any, b: Any, softness: float) -> Any:
    """The smaller of two distances with a rounded corner of about `softness` mm."""
    blend = np.maximum(softness - np.abs(a - b), 0.0) / softness
    return np.minimum(a, b) - blend * blend * (softness / 4)


def smooth_max(a: Any, b: Any, softness: float) -> Any:
    """The larger of two distances with a rounded corner of about `softness` mm."""
    return -smooth_min(-a, -b, softness)


def oval(x: Any, y: Any, half_width: Any, half_depth: Any, squareness: float = 0.35) -> Any:
    """Signed distance in mm (positive inside) to an oval between an ellipse and a rounded box."""
    x2, y2 = x * x, y * y
    u2 = x2 * (1 / (half_width * half_width))
    v2 = y2 * (1 / (half_depth * half_depth))
    q = (1 - squareness) * np.sqrt(u2 + v2) + squareness * np.sqrt(np.sqrt(u2 * u2 + v2 * v2))
    q = np.maximum(q, 1e-3)
    return np.sqrt(x2 + y2) * (1 / q - 1)


def ellipsoid(x: Any, y: Any, z: Any, centre: Point, radii: Point) -> Any:
    """Approximate signed distance in mm (positive inside) to an ellipsoid along the axes."""
    q2 = ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 + ((z - centre[2]) / radii[2]) ** 2
    return (1 - np.sqrt(q2)) * min(radii)


@dataclass(frozen=True)
class Tube:
    """A run of capsules: points in mm, a radius at each, shared by vessels, airways and bowel."""

    starts: NDArray[np.float32]
    ends: NDArray[np.float32]
    start_radii: NDArray[np.float32]
    end_radii: NDArray[np.float32]

    @classmethod
    def along(cls, points: list[Point], radii: list[float]) -> Tube:
        """The tube through `points` with `radii` (mm)."""
        place, size = np.array(points, np.float32), np.array(radii, np.float32)
        return cls(place[:-1], place[1:], size[:-1], size[1:])

    def grown(self, millimetres: float) -> Tube:
        """The same tube with thicker (or thinner) walls."""
        return Tube(self.starts, self.ends, self.start_radii + millimetres, self.end_radii + millimetres)

    def crossing(self, z: float) -> NDArray[np.intp]:
        """Indices of the segments that the plane z cuts."""
        reach = np.maximum(self.start_radii, self.end_radii)
        low = np.minimum(self.starts[:, 2], self.ends[:, 2]) - reach
        high = np.maximum(self.starts[:, 2], self.ends[:, 2]) + reach
        return np.nonzero((low <= z) & (high >= z))[0]

    def distance(self, x: Any, y: Any, z: Any) -> Any:
        """Signed distance in mm (positive inside) of any points to the nearest segment."""
        best: Any = -1e3
        for index in range(len(self.starts)):
            best = np.maximum(best, self.segment_distance(index, x, y, z))
        return best

    def segment_distance(self, index: int, x: Any, y: Any, z: Any) -> Any:
        """Signed distance in mm (positive inside) to one segment, a cone with round ends."""
        ax, ay, az = (float(v) for v in self.starts[index])
        dx, dy, dz = (float(v) for v in self.ends[index] - self.starts[index])
        length2 = max(dx * dx + dy * dy + dz * dz, 1e-6)
        px, py, pz = x - ax, y - ay, z - az
        t = np.clip((px * dx + py * dy + pz * dz) / length2, 0, 1)
        radius = self.start_radii[index] + t * (self.end_radii[index] - self.start_radii[index])
        return radius - np.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2 + (pz - t * dz) ** 2)


class Canvas:
    """One axial plane: values on a square grid, x to the patient's left, y to the back, millimetres from the centre."""

    def __init__(self, size: int, field_mm: float, background: float, rows: int | None = None) -> None:
        self.step = field_mm / size
        columns = (np.arange(size, dtype=np.float32) - (size - 1) / 2) * np.float32(self.step)
        lines = rows or size
        self.column_mm = columns
        self.row_mm = (np.arange(lines, dtype=np.float32) - (lines - 1) / 2) * np.float32(self.step)
        self.x = np.broadcast_to(columns[None, :], (lines, size)).astype(np.float32)
        self.y = np.broadcast_to(self.row_mm[:, None], (lines, size)).astype(np.float32)
        self.image: Plane = np.full((lines, size), background, np.float32)

    def box(self, low_x: float, high_x: float, low_y: float, high_y: float) -> tuple[slice, slice]:
        """Rows and columns that cover a rectangle in mm, with room for the bent coordinates."""
        margin = 8 + 2 * self.step

        def span(axis: Plane, low: float, high: float) -> slice:
            first = int((low - margin - axis[0]) / self.step)
            last = int((high + margin - axis[0]) / self.step) + 2
            return slice(max(first, 0), max(min(last, len(axis)), 0))

        return span(self.row_mm, low_y, high_y), span(self.column_mm, low_x, high_x)

    def window(self, low_x: float, high_x: float, low_y: float, high_y: float) -> Canvas:
        """A smaller canvas on the same memory, for shapes that need only a part of the plane."""
        where = self.box(low_x, high_x, low_y, high_y)
        part = Canvas.__new__(Canvas)
        part.step = self.step
        part.row_mm, part.column_mm = self.row_mm[where[0]], self.column_mm[where[1]]
        part.x, part.y, part.image = self.x[where], self.y[where], self.image[where]
        return part

    def coverage(self, distance: Any) -> Any:
        """Share of each pixel inside a shape, from its signed distance."""
        return np.clip(distance / self.step + 0.5, 0, 1)

    def paint(self, distance: Any, value: Any, where: tuple[slice, slice] | None = None, limit: Any = None) -> None:
        """Lay `value` over the picture inside `distance`; `limit` is a coverage that masks it."""
        target = self.image if where is None else self.image[where]
        alpha = self.coverage(distance)
        if limit is not None:
            alpha = alpha * (limit if where is None else limit[where])
        target += alpha * ((value[where] if where is not None and isinstance(value, np.ndarray) else value) - target)

    def ball(self, z: float, centre: Point, radii: Point, value: Any, limit: Any = None, turn: float = 0.0) -> None:
        """The cut of an ellipsoid, turned by `turn` radians in the plane, with the plane z."""
        share = 1 - ((z - centre[2]) / radii[2]) ** 2
        if share <= 0:
            return
        rx, ry = radii[0] * share**0.5, radii[1] * share**0.5
        reach = max(rx, ry) if turn else 0.0
        where = self.box(
            centre[0] - (reach or rx), centre[0] + (reach or rx), centre[1] - (reach or ry), centre[1] + (reach or ry)
        )
        x, y = self.x[where] - centre[0], self.y[where] - centre[1]
        if x.size == 0:
            return
        if turn:
            x, y = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        self.paint((1 - np.sqrt((x / rx) ** 2 + (y / ry) ** 2)) * min(rx, ry), value, where, limit)

    def tube(self, z: float, tube: Tube, value: Any, limit: Any = None) -> None:
        """The cut of a tube with the plane z."""
        for index in tube.crossing(z):
            a, b = tube.starts[index], tube.ends[index]
            reach = float(max(tube.start_radii[index], tube.end_radii[index]))
            where = self.box(
                float(min(a[0], b[0])) - reach,
                float(max(a[0], b[0])) + reach,
                float(min(a[1], b[1])) - reach,
                float(max(a[1], b[1])) + reach,
            )
            x = self.x[where]
            if x.size:
                self.paint(tube.segment_distance(int(index), x, self.y[where], z), value, where, limit)


def resized(plane: Any, rows: int, columns: int) -> Plane:
    """A plane resampled smoothly to another size."""
    picture = Image.fromarray(np.asarray(plane, np.float32))
    return np.asarray(picture.resize((columns, rows), Image.Resampling.BICUBIC), np.float32)


def blurred(plane: Any) -> Any:
    """A 3 x 3 binomial blur; the edges wrap, which noise does not mind."""
    lines = 0.5 * plane + 0.25 * (np.roll(plane, 1, 0) + np.roll(plane, -1, 0))
    return 0.5 * lines + 0.25 * (np.roll(lines, 1, 1) + np.roll(lines, -1, 1))


class Clouds:
    """Smooth random fields that change slowly from slice to slice, for textures and bends."""

    def __init__(self, rng: np.random.Generator, cells: int = 24, layers: int = 16) -> None:
        self.layers = rng.standard_normal((layers, cells, cells)).astype(np.float32)

    def at(self, z_share: float, rows: int, columns: int) -> Plane:
        """The field (mean 0, spread about 1) at a height, a repeating share of the whole."""
        position = (z_share % 1.0) * len(self.layers)
        first = int(position) % len(self.layers)
        second = (first + 1) % len(self.layers)
        share = position - int(position)
        angle = share * np.pi / 2
        mixed = np.cos(angle) * self.layers[first] + np.sin(angle) * self.layers[second]
        return resized(mixed, rows, columns) * np.float32(1.25)


class Grain:
    """Detector noise with the correlation of a reconstruction kernel, drawn once and shifted for each slice."""

    def __init__(self, rng: np.random.Generator, rows: int, columns: int, sharp: bool) -> None:
        white = rng.standard_normal((rows + 64, columns + 64)).astype(np.float32)
        soft = blurred(blurred(white))
        self.field: Plane = (white * 0.8 - soft * 0.75) if sharp else blurred(soft) + np.float32(0.22) * white
        self.field /= self.field.std()
        self.rng, self.rows, self.columns = rng, rows, columns

    def next(self) -> Plane:
        """Noise of spread 1 for one slice."""
        top, left, flip = (int(self.rng.integers(0, high)) for high in (64, 64, 4))
        part = self.field[top : top + self.rows, left : left + self.columns]
        part = part[::-1] if flip & 1 else part
        return part[:, ::-1] if flip & 2 else part
