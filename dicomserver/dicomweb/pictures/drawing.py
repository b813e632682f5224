"""From samples to a picture of 8 bits: modality and VOI tables, rescale, window or palette."""

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

Grey = NDArray[np.uint8]


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
    grey = _shown(_modality_values(samples, attributes, display), attributes, display, window)
    is_inverted = display.is_inverted or attributes.photometric_interpretation == "MONOCHROME1"
    return np.uint8(255) - grey if is_inverted else grey


def _modality_values(samples: Samples, attributes: PixelAttributes, display: Display) -> NDArray[np.float32]:
    """PS3.3 C.11.1: through the table where there is one, else by slope and intercept."""
    values = samples.astype(np.float32)
    if display.modality_lut is not None:
        return display.modality_lut.of(values).astype(np.float32)
    return values * np.float32(attributes.slope) + np.float32(attributes.intercept)


def _shown(values: NDArray[np.float32], attributes: PixelAttributes, display: Display, window: Window | None) -> Grey:
    found = window or attributes.window
    if found is None and display.voi_lut is not None:
        return _through_voi(display.voi_lut, values)
    return windowed(values, found or _default_window(values, attributes.modality))


def _through_voi(table: LookUpTable, values: NDArray[np.float32]) -> Grey:
    shown: Grey = (table.of(values).astype(np.uint32) * 255 // table.highest).astype(np.uint8)
    return shown


def windowed(values: NDArray[np.float32], window: Window) -> Grey:
    """PS3.3 C.11.2.1.2 (LINEAR) and C.11.2.1.3 (SIGMOID, LINEAR_EXACT), to 0 to 255."""
    center, width = window.center, max(window.width, 1.0)
    if window.function == "SIGMOID":
        shown = 255 / (1 + np.exp(np.clip(-4 * (values - center) / width, -60, 60)))
    elif window.function == "LINEAR_EXACT":
        shown = ((values - center) / width + 0.5) * 255
    elif width == 1.0:
        shown = np.where(values > center - 0.5, 255.0, 0.0)
    else:
        shown = ((values - (center - 0.5)) / (width - 1) + 0.5) * 255
    grey: Grey = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
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
    return Window(float(low + high) / 2, max(float(high - low), 1.0), "LINEAR_EXACT")


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
