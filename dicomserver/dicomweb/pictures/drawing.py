"""From samples to a JPEG: rescale, window or palette, and size."""

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicomserver.dicomweb.pictures.attributes import Palette, PixelAttributes, Window
from dicomserver.dicomweb.pictures.decoding import Samples, Undecodable

JPEG_QUALITY: Final = 85
# Soft tissue: what a reader expects of a CT without a window of its own.
CT_WINDOW: Final = Window(40.0, 400.0)

Grey = NDArray[np.uint8]


def draw(samples: Samples, attributes: PixelAttributes, palettes: tuple[Palette, ...]) -> Grey:
    """The picture in 8 bits: (rows, columns) or (rows, columns, 3). Raises Undecodable."""
    if samples.ndim == 3:
        if samples.shape[2] != 3:
            raise Undecodable("The frame is neither grey nor of three colours.")
        return _eight_bits(samples, attributes.bits_stored)
    if attributes.photometric_interpretation == "PALETTE COLOR":
        if len(palettes) != 3:
            raise Undecodable("The frame's palette is missing.")
        return np.stack([_through(palette, samples) for palette in palettes], axis=-1)
    values = samples.astype(np.float32) * np.float32(attributes.slope) + np.float32(attributes.intercept)
    grey = windowed(values, attributes.window or _default_window(values, attributes.modality))
    return np.uint8(255) - grey if attributes.photometric_interpretation == "MONOCHROME1" else grey


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


def jpeg_of(picture: Grey, *, box: tuple[int, int] | None = None) -> bytes:
    """The picture as JPEG, made smaller where it exceeds the box of so many pixels in width and height."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    if box is not None and (image.width > box[0] or image.height > box[1]):
        image.thumbnail(box, Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


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
