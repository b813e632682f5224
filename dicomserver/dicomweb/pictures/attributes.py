"""What is needed to draw a frame, taken from the prepared DICOM JSON."""

import base64
import json
import math
from dataclasses import dataclass
from typing import Any, Final

from dicomserver.transcoding.attributes import SampleAttributes

Object = dict[str, Any]

_SHARED_GROUPS: Final = "52009229"
_PER_FRAME_GROUPS: Final = "52009230"
_FRAME_VOI_LUT: Final = "00289132"
_PIXEL_VALUE_TRANSFORMATION: Final = "00289145"
PALETTE_DESCRIPTORS: Final = ("00281101", "00281102", "00281103")
PALETTE_DATA: Final = ("00281201", "00281202", "00281203")


@dataclass(frozen=True, slots=True)
class Window:
    """A VOI window (PS3.3 C.11.2)."""

    center: float
    width: float
    function: str = "LINEAR"


@dataclass(frozen=True, slots=True)
class Palette:
    """One colour's look-up table (PS3.3 C.7.6.3.1.5): entries, first value mapped, bits of an entry."""

    entries: bytes
    count: int
    first: int
    bits: int


@dataclass(frozen=True, slots=True)
class PixelAttributes(SampleAttributes):
    """How the samples of one frame are to be read and shown."""

    modality: str
    slope: float
    intercept: float
    window: Window | None


def pixel_attributes(dicom_json: str, frame: int) -> PixelAttributes:
    """The attributes for drawing frame `frame` (from 1). Raises ValueError where they make no picture."""
    return attributes_of(json.loads(dicom_json), frame)


def attributes_of(ds: Object, frame: int) -> PixelAttributes:
    """The same of a JSON object."""
    rows, columns = number_of(ds, "00280010", 0), number_of(ds, "00280011", 0)
    allocated = number_of(ds, "00280100", 0)
    if not rows or not columns or allocated not in {1, 8, 16, 32, 64}:
        raise ValueError("no rows, columns or bits")
    levels = levels_of(ds, frame)
    return PixelAttributes(
        rows=rows,
        columns=columns,
        samples=number_of(ds, "00280002", 1),
        bits_allocated=allocated,
        bits_stored=min(number_of(ds, "00280101", allocated), allocated),
        is_signed=number_of(ds, "00280103", 0) == 1,
        is_planar=number_of(ds, "00280006", 0) == 1,
        photometric_interpretation=str(_first(ds, "00280004") or "MONOCHROME2"),
        modality=str(_first(ds, "00080060") or ""),
        slope=_number(levels, _PIXEL_VALUE_TRANSFORMATION, "00281053", 1.0) or 1.0,
        intercept=_number(levels, _PIXEL_VALUE_TRANSFORMATION, "00281052", 0.0),
        window=_window(levels),
    )


def frame_milliseconds(dicom_json: str) -> int:
    """How long a frame is shown, by frame time or cine rate (PS3.3 C.7.6.5); a tenth of a second where nothing says."""
    ds: Object = json.loads(dicom_json)
    time, rate = _first(ds, "00181063"), _first(ds, "00180040") or _first(ds, "00082144")
    if _is_number(time) and time > 0:
        return round(float(time))
    return round(1000 / float(rate)) if _is_number(rate) and rate > 0 else 100


def palette_descriptor(ds: Object, tag: str) -> tuple[int, int, int] | None:
    """Number of entries, first value mapped and bits, as the data set says; None where it does not."""
    values = ds.get(tag, {}).get("Value", [])
    if len(values) != 3 or not all(isinstance(value, int) for value in values):
        return None
    count, first, bits = values
    return count or 65536, first, bits


def inline_binary(ds: Object, tag: str) -> bytes | None:
    """A binary value that the metadata holds itself."""
    text = ds.get(tag, {}).get("InlineBinary")
    return base64.b64decode(text) if isinstance(text, str) else None


def levels_of(ds: Object, frame: int) -> list[Object]:
    """Where an attribute of the frame may be, the most particular first (PS3.3 C.7.6.16)."""
    per_frame = ds.get(_PER_FRAME_GROUPS, {}).get("Value", [])
    shared = ds.get(_SHARED_GROUPS, {}).get("Value", [])
    levels = [per_frame[frame - 1]] if 0 < frame <= len(per_frame) else []
    return [*levels, *shared[:1], ds]


def _window(levels: list[Object]) -> Window | None:
    for level in with_macro(levels, _FRAME_VOI_LUT):
        center, width = _first(level, "00281050"), _first(level, "00281051")
        if _is_number(center) and _is_number(width) and width > 0:
            return Window(float(center), float(width), str(_first(level, "00281056") or "LINEAR"))
    return None


def _number(levels: list[Object], macro: str, tag: str, default: float) -> float:
    for level in with_macro(levels, macro):
        value = _first(level, tag)
        if _is_number(value):
            return float(value)
    return default


def with_macro(levels: list[Object], macro: str) -> list[Object]:
    """Each functional group's item of the macro; of the data set itself, the data set."""
    items = [level[macro]["Value"][0] for level in levels if level.get(macro, {}).get("Value")]
    return [*(item for item in items if item), levels[-1]]


def number_of(ds: Object, tag: str, default: int) -> int:
    """The first value of an attribute of whole numbers; the default where it is not there."""
    value = _first(ds, tag)
    return int(value) if _is_number(value) else default


def _first(ds: Object, tag: str) -> Any:
    values = ds.get(tag, {}).get("Value") or [None]
    return values[0]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
