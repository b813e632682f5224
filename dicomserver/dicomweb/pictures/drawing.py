"""From samples to a picture of 8 bits: modality and VOI tables, rescale, window or palette."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomserver.dicomweb.pictures.attributes import Palette, PixelAttributes, Window
from dicomserver.dicomweb.pictures.display import Display, LookUpTable
from dicomserver.transcoding.decoding import Samples, Undecodable

JPEG_QUALITY: Final = 85
# Soft tissue: what a reader expects of a CT without a window of its own.
CT_WINDOW: Final = Window(40.0, 400.0)

PLAIN: Final = Display()

FURTHEST: Final = 1e300
"""Values of a map further from zero are shown as none: their differences would be no numbers."""

Grey = NDArray[np.uint8]
Values = NDArray[np.float32] | NDArray[np.float64]


def draw(
    samples: Samples,
    attributes: PixelAttributes,
    palettes: tuple[Palette, ...],
    display: Display = PLAIN,
    window: Window | None = None,
) -> Grey:
    """The picture in 8 bits: (rows, columns) or (rows, columns, 3). Raises Undecodable.

    Grey values are shown in the window given, else in the frame's own, through its VOI table, or in one that suits.
    """
    if samples.ndim == 3:
        if samples.shape[2] != 3:
            raise Undecodable("The frame is neither grey nor of three colours.")
        return _eight_bits(samples, attributes.bits_stored)
    if attributes.photometric_interpretation == "PALETTE COLOR":
        if len(palettes) != 3:
            raise Undecodable("The frame's palette is missing.")
        return np.stack([_through(palette, samples) for palette in palettes], axis=-1)
    values = _modality_values(samples, attributes, display)
    grey = _shown(values, attributes, display, window, steps=not _is_float(samples))
    is_inverted = display.is_inverted or attributes.photometric_interpretation == "MONOCHROME1"
    return np.uint8(255) - grey if is_inverted else grey


def _modality_values(samples: Samples, attributes: PixelAttributes, display: Display) -> Values:
    """PS3.3 C.11.1: through the table where there is one, else by slope and intercept."""
    if _is_float(samples):
        # Of doubles neither the range nor the digits fit into less.
        with np.errstate(over="ignore", invalid="ignore"):
            numbers = samples.astype(np.float64) * attributes.slope + attributes.intercept
        return np.where(np.abs(numbers) < FURTHEST, numbers, np.nan)
    values = samples.astype(np.float32)
    if display.modality_lut is not None:
        return display.modality_lut.of(values).astype(np.float32)
    return values * np.float32(attributes.slope) + np.float32(attributes.intercept)


def _is_float(samples: Samples) -> bool:
    """Whether these are values of a map (Float or Double Float Pixel Data), which know no steps of 1."""
    return bool(np.issubdtype(samples.dtype, np.floating))


def _shown(
    values: Values, attributes: PixelAttributes, display: Display, window: Window | None, *, steps: bool
) -> Grey:
    found = window or attributes.window
    if found is None and display.voi_lut is not None:
        return _through_voi(display.voi_lut, values)
    if not steps and found is not None and found.function == "LINEAR":
        # Its half step and its least width of 1 are those of whole numbers.
        found = replace(found, function="LINEAR_EXACT")
    return windowed(values, found or _default_window(values, attributes.modality if steps else ""))


def _through_voi(table: LookUpTable, values: Values) -> Grey:
    shown: Grey = (table.of(values).astype(np.uint32) * 255 // table.highest).astype(np.uint8)
    return shown


def windowed(values: Values, window: Window) -> Grey:
    """PS3.3 C.11.2.1.2 (LINEAR, at least 1 wide) and C.11.2.1.3 (SIGMOID, LINEAR_EXACT), as 0 to 255 (NaN: 0)."""
    is_linear = window.function not in ("SIGMOID", "LINEAR_EXACT")
    center, width = window.center, max(window.width, 1.0) if is_linear else window.width
    # Far outside of a narrow window a value is as black, or as white, as can be.
    with np.errstate(over="ignore"):
        if window.function == "SIGMOID":
            shown = 255 / (1 + np.exp(np.clip(-4 * (values - center) / width, -60, 60)))
        elif window.function == "LINEAR_EXACT":
            shown = ((values - center) / width + 0.5) * 255
        elif width == 1.0:
            shown = np.where(values > center - 0.5, 255.0, 0.0)
        else:
            shown = ((values - (center - 0.5)) / (width - 1) + 0.5) * 255
    grey: Grey = np.nan_to_num(np.clip(np.rint(shown), 0, 255)).astype(np.uint8)
    return grey


def _default_window(values: NDArray[Any], modality: str) -> Window:
    if modality == "CT":
        return CT_WINDOW
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise Undecodable("The frame holds no numbers.")
    low, high = np.percentile(finite, (0.5, 99.5))
    if high <= low:
        low, high = float(finite.min()), float(finite.max())
    return Window(float(low + high) / 2, float(high - low) or 1.0, "LINEAR_EXACT")


def _eight_bits(samples: Samples, bits_stored: int) -> Grey:
    return samples if samples.dtype == np.uint8 else (samples >> max(bits_stored - 8, 0)).astype(np.uint8)


def _through(palette: Palette, samples: Samples) -> Grey:
    wide = len(palette.entries) >= 2 * palette.count
    entries = np.frombuffer(palette.entries, "<u2" if wide else np.uint8)[: palette.count]
    if not entries.size:
        raise Undecodable("The frame's palette is empty.")
    # Some writers put 8-bit entries into 16-bit words without scaling them.
    scaled = entries >> 8 if wide and palette.bits > 8 and int(entries.max()) > 255 else entries
    index = np.clip(samples.astype(np.int64) - palette.first, 0, entries.size - 1)
    return scaled.astype(np.uint8)[index]
