"""How grey values of a frame are to be shown, taken from the prepared DICOM JSON: look-up tables and pixel shape."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomserver.dicomweb.pictures.attributes import Object, levels_of, number_of, with_macro

_MODALITY_LUTS: Final = "00283000"
_VOI_LUTS: Final = "00283010"
_LUT_DESCRIPTOR: Final = "00283002"
_LUT_DATA: Final = "00283006"
_PRESENTATION_LUT_SHAPE: Final = "20500020"
_FRAME_VOI_LUT: Final = "00289132"
_PIXEL_MEASURES: Final = "00289110"
# Pixel Spacing, Imager Pixel Spacing, Nominal Scanned Pixel Spacing: row spacing first (PS3.3 10.7.1.3).
_SPACINGS: Final = ("00280030", "00181164", "00182010")
_ASPECT_RATIO: Final = "00280034"
# X-Ray angiography and fluoroscopy: their modality LUT is not meant for display (PS3.3 C.8.7.1.1.2).
_LUT_NOT_FOR_DISPLAY: Final = frozenset({"1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2"})
# Further from square than this is a mistake of whoever wrote it.
_MAX_ASPECT: Final = 20.0
# Nearer to square than this is square: the difference is smaller than the rounding of a spacing.
_SQUARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class LookUpTable:
    """PS3.3 C.11.1.1.1, C.11.2.1.1: entries of so many bits, the first for the value `first` and all below it."""

    first: int
    bits: int
    entries: NDArray[np.uint16]

    def of(self, values: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.uint16]:
        """The entry for each value."""
        index = np.clip(np.nan_to_num(values) - self.first, 0, self.entries.size - 1).astype(np.int64)
        found: NDArray[np.uint16] = self.entries[index]
        return found

    @property
    def highest(self) -> int:
        """The greatest number that an entry may be: more bits are sometimes used than are told."""
        told = (1 << min(max(self.bits, 1), 16)) - 1
        found = int(self.entries.max())
        return told if found <= told else (1 << found.bit_length()) - 1


@dataclass(frozen=True, slots=True)
class Display:
    """What is done to a frame beside rescale and window; `aspect` is the height of a pixel over its width."""

    modality_lut: LookUpTable | None = None
    voi_lut: LookUpTable | None = None
    is_inverted: bool = False
    aspect: float = 1.0


def display_of(ds: Object, frame: int) -> Display:
    """How frame `frame` (from 1) of the DICOM JSON object is to be shown."""
    levels = levels_of(ds, frame)
    is_signed = number_of(ds, "00280103", 0) == 1
    modality_lut = None
    if _text(ds, "00080016") not in _LUT_NOT_FOR_DISPLAY:
        modality_lut = _table(_first_item(ds, _MODALITY_LUTS), is_signed=is_signed)
    voi_luts = (_first_item(level, _VOI_LUTS) for level in with_macro(levels, _FRAME_VOI_LUT))
    item = next((item for item in voi_luts if item), {})
    return Display(
        modality_lut=modality_lut,
        # What goes in is signed where a rescale can make it so (PS3.3 C.11.2.1.1).
        voi_lut=_table(item, is_signed=modality_lut is None),
        is_inverted=_text(ds, _PRESENTATION_LUT_SHAPE) == "INVERSE",
        aspect=_aspect(levels),
    )


def _table(item: Object, *, is_signed: bool) -> LookUpTable | None:
    """The item's table; None where it has none that can be used."""
    descriptor = item.get(_LUT_DESCRIPTOR, {}).get("Value") or []
    if len(descriptor) != 3 or not all(isinstance(one, int) for one in descriptor):
        return None
    count, first, bits = descriptor
    entries = _entries(item.get(_LUT_DATA, {}), count or 65536)
    if entries is None or not entries.size:
        return None
    return LookUpTable(first - 65536 if is_signed and first > 32767 else first, bits, entries)


def _entries(element: Object, count: int) -> NDArray[np.uint16] | None:
    if "InlineBinary" in element:
        try:
            content = base64.b64decode(element["InlineBinary"])
        except (binascii.Error, ValueError):
            return None
        # Entries of one byte each where they are packed.
        is_packed = len(content) < 2 * count
        found = np.frombuffer(content, np.uint8 if is_packed else "<u2", len(content) if is_packed else count)
        return found[:count].astype(np.uint16)
    values = element.get("Value") or []
    if not all(isinstance(one, int) and 0 <= one <= 65535 for one in values):
        return None
    return np.array(values[:count], np.uint16)


def _aspect(levels: list[Object]) -> float:
    """PS3.3 C.7.6.3.1.7: the spacing says it, or else the ratio of the vertical to the horizontal."""
    for level in with_macro(levels, _PIXEL_MEASURES):
        for tag in (*_SPACINGS, _ASPECT_RATIO):
            ratio = _ratio(level.get(tag, {}).get("Value") or [])
            if ratio is not None:
                return ratio
    return 1.0


def _ratio(values: list[Any]) -> float | None:
    if len(values) != 2 or not all(isinstance(one, int | float) and one > 0 for one in values):
        return None
    ratio = float(values[0]) / float(values[1])
    if abs(ratio - 1) < _SQUARE:
        return 1.0
    return ratio if 1 / _MAX_ASPECT <= ratio <= _MAX_ASPECT else None


def _first_item(ds: Object, tag: str) -> Object:
    items = ds.get(tag, {}).get("Value") or [{}]
    return items[0] if isinstance(items[0], dict) else {}


def _text(ds: Object, tag: str) -> str:
    values = ds.get(tag, {}).get("Value") or [""]
    return str(values[0] or "")
