"""What pydicom makes of a frame, and how near the viewer's picture comes to it."""

import base64
import warnings
from io import BytesIO

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, convert_color_space

Picture = NDArray[np.float64]

CANVAS_AS_PNG = "viewport => viewport.querySelector('canvas').toDataURL('image/png')"


def expected_picture(content: bytes, frame_number: int, window: tuple[float, float] | None) -> Picture | None:
    """Shades of a frame, (rows, columns) or (rows, columns, 3), in a window from black to white.

    None where pydicom cannot decode it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ds = pydicom.dcmread(BytesIO(content), force=True)
            pixels = ds.pixel_array
        except Exception:  # noqa: BLE001 - any failure of any decoder means that there is nothing to compare with
            return None
        if int(ds.get("NumberOfFrames") or 1) > 1:
            pixels = pixels[frame_number - 1]
        return _colours(ds, pixels) if _is_colour(ds) else _greys(ds, pixels, frame_number, window)


def _is_colour(ds: pydicom.Dataset) -> bool:
    return str(ds.PhotometricInterpretation) not in {"MONOCHROME1", "MONOCHROME2"}


def _colours(ds: pydicom.Dataset, pixels: NDArray[np.generic]) -> Picture:
    photometric = str(ds.PhotometricInterpretation)
    bits = int(ds.BitsStored)
    if photometric == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, ds)
        bits = 16 if pixels.max() > 255 else 8
    elif photometric.startswith("YBR_FULL") and str(ds.file_meta.TransferSyntaxUID).endswith(("1.2", "1.2.1", "1.2.5")):
        pixels = convert_color_space(pixels, photometric, "RGB")
    return np.asarray(pixels, dtype=np.float64) / 2 ** (bits - 8)


def _rescaled(ds: pydicom.Dataset, pixels: NDArray[np.generic], frame_number: int) -> Picture:
    if str(ds.get("Modality")) == "RTDOSE":
        return np.asarray(pixels, dtype=np.float64) * float(ds.get("DoseGridScaling") or 1)
    transformation = _of_frame(ds, frame_number, "PixelValueTransformationSequence")
    if transformation is not None:
        return pixels * float(transformation.RescaleSlope) + float(transformation.RescaleIntercept)
    return np.asarray(apply_modality_lut(pixels, ds), dtype=np.float64)


def _greys(
    ds: pydicom.Dataset, pixels: NDArray[np.generic], frame_number: int, window: tuple[float, float] | None
) -> Picture:
    values = _rescaled(ds, pixels, frame_number)
    if "VOILUTSequence" in ds and "WindowCenter" not in ds:
        table = apply_voi_lut(values.astype(np.int64), ds).astype(np.float64)
        grey = table * 255 / (2 ** int(ds.VOILUTSequence[0].LUTDescriptor[2]) - 1)
    else:
        lower, upper = window or (float(values.min()), float(values.max()))
        grey = (values - lower) / max(upper - lower, 1e-9) * 255
    grey = np.clip(grey, 0, 255)
    return 255 - grey if str(ds.PhotometricInterpretation) == "MONOCHROME1" else grey


def _of_frame(ds: pydicom.Dataset, frame_number: int, group: str) -> pydicom.Dataset | None:
    for groups, at in (("PerFrameFunctionalGroupsSequence", frame_number - 1), ("SharedFunctionalGroupsSequence", 0)):
        if groups in ds and len(ds[groups].value) > at and group in ds[groups].value[at]:
            found: pydicom.Dataset = ds[groups].value[at][group].value[0]
            return found
    return None


def shown_picture(viewport: Locator, shape: tuple[int, ...]) -> Picture:
    """What is on the viewport's canvas, in colour, scaled to the frame's own pixels."""
    left, top, width, height = map(float, (viewport.get_attribute("data-image-rect") or "").split())
    png = viewport.evaluate(CANVAS_AS_PNG).split(",", 1)[1]
    with Image.open(BytesIO(base64.b64decode(png))) as picture:
        box = viewport.bounding_box()
        assert box is not None
        scale = picture.width / box["width"]
        edges = (left * scale, top * scale, (left + width) * scale, (top + height) * scale)
        inside = (max(0.0, edges[0]), max(0.0, edges[1]), min(picture.width, edges[2]), min(picture.height, edges[3]))
        colour = picture.convert("RGB").resize((shape[1], shape[0]), Image.Resampling.BOX, box=inside)
    return np.asarray(colour, dtype=np.float64)


def shades_apart(shown: Picture, expected: Picture) -> float:
    """Mean difference of shades, both blurred over 3 by 3 pixels: what scaling to the screen and back does anyway."""
    if expected.ndim == 2:
        expected = np.repeat(expected[..., None], 3, axis=2)
    return float(np.abs(_blurred(shown) - _blurred(expected)).mean())


def _blurred(picture: Picture) -> Picture:
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows, columns = picture.shape[:2]
    parts = [padded[row : row + rows, column : column + columns] for row in range(3) for column in range(3)]
    return np.asarray(np.mean(parts, axis=0))
