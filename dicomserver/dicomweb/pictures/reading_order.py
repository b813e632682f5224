"""Which frame of a series its reader sees first: found as the viewer finds it (viewer/client/src/dicom/frames.ts)."""

import json
import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final, NamedTuple

Object = dict[str, Any]
Vector = tuple[float, float, float]

# How far two directions may differ, as 1 - |cosine|, and still count as parallel.
PARALLEL: Final = 1e-4
# Positions nearer than this (mm) are the same place.
SAME_PLACE: Final = 1e-3
_SHARED_GROUPS: Final = "52009229"
_PER_FRAME_GROUPS: Final = "52009230"
_POSITION: Final = "00200032"
_ORIENTATION: Final = "00200037"


class OrderedFrame(NamedTuple):
    """A frame, and what its place among the others depends on."""

    sop_instance_uid: str
    number: int
    instance_number: float
    position: Vector | None
    row: Vector | None
    column: Vector | None


def first_shown(instances: Iterable[str]) -> OrderedFrame | None:
    """The frame that is shown first of instances given as DICOM JSON; None where they have none."""
    frames = in_reading_order([frame for text in instances for frame in frames_of(json.loads(text))])
    if not frames:
        return None
    is_cine = len(frames) > 1 and frames[-1].number > 1 and _common_normal(frames) is None
    return frames[0 if is_cine or frames[0].position is None else (len(frames) - 1) // 2]


def in_reading_order(frames: list[OrderedFrame]) -> list[OrderedFrame]:
    """By position along the normal where every frame has a place of its own, else by number."""
    numbered = sorted(frames, key=lambda frame: (frame.instance_number, frame.sop_instance_uid, frame.number))
    normal = _common_normal(frames) if len(frames) > 1 else None
    if normal is None:
        return numbered
    direction = _reading_direction(normal)
    placed = sorted(((_dot(frame.position or normal, direction), index) for index, frame in enumerate(numbered)))
    if all(second - first > SAME_PLACE for (first, _), (second, _) in pairwise(placed)):
        return [numbered[index] for _, index in placed]
    return numbered


def frames_of(ds: Object) -> list[OrderedFrame]:
    """The frames of an instance; none where it has no pixels."""
    sop_instance_uid = _first(ds, "00080018")
    if not isinstance(sop_instance_uid, str) or not (_number(ds, "00280010") > 0 and _number(ds, "00280011") > 0):
        return []
    count = max(1, math.floor(_number(ds, "00280008")))
    shared = [_first(ds, _SHARED_GROUPS) or {}]
    per_frame = ds.get(_PER_FRAME_GROUPS, {}).get("Value") or []
    number = _number(ds, "00200013", math.inf)
    frames = []
    for index in range(count):
        levels = [*(item for item in per_frame[index : index + 1] if item), *shared]
        position = _vector(_found(levels, ds, _POSITION), 3)
        orientation = _vector(_found(levels, ds, _ORIENTATION), 6)
        row, column = (orientation[:3], orientation[3:]) if orientation else (None, None)
        frames.append(OrderedFrame(sop_instance_uid, index + 1, number, position, row, column))
    return frames


def _found(levels: list[Object], ds: Object, tag: str) -> Any:
    """The values of the attribute in a functional group, the most particular first, else in the data set."""
    for level in levels:
        for group in reversed(level.values()):
            item = (group.get("Value") or [None])[0] if group.get("vr") == "SQ" else None
            if isinstance(item, dict) and tag in item:
                return item[tag].get("Value")
    return ds.get(tag, {}).get("Value")


def _common_normal(frames: list[OrderedFrame]) -> Vector | None:
    """The common normal of all frames, or None where they are not parallel slices."""
    first = frames[0]
    if first.row is None or first.column is None:
        return None
    normal = _cross(first.row, first.column)
    length = math.hypot(*normal)
    if not length > 0.5:
        return None
    for frame in frames:
        if frame.row is None or frame.column is None or frame.position is None:
            return None
        if _dot(frame.row, first.row) < 1 - PARALLEL or _dot(frame.column, first.column) < 1 - PARALLEL:
            return None
    return normal[0] / length, normal[1] / length, normal[2] / length


def _reading_direction(normal: Vector) -> Vector:
    """Head to feet, front to back, or right to left, whichever axis of the patient the normal is nearest to."""
    x, y, z = map(abs, normal)
    along_the_body = z >= x and z >= y
    nearest = -normal[2] if along_the_body else max((y, normal[1]), (x, normal[0]), key=lambda axis: axis[0])[1]
    return normal if nearest > 0 else (-normal[0], -normal[1], -normal[2])


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _vector(values: Any, length: int) -> Any:
    """Exactly `length` numbers, or None."""
    if not isinstance(values, list) or len(values) != length or not all(map(_is_number, values)):
        return None
    return tuple(map(float, values))


def _number(ds: Object, tag: str, default: float = 0) -> float:
    value = _first(ds, tag)
    return float(value) if _is_number(value) else default


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _first(ds: Object, tag: str) -> Any:
    return (ds.get(tag, {}).get("Value") or [None])[0]
