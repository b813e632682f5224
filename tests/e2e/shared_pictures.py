"""What pydicom makes of a frame, and how near the viewer's picture comes to it."""

import base64
import warnings
from io import BytesIO

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut

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
    if str(ds.get("PixelPresentation")) in {"COLOR", "MIXED"}:
        return _coloured(ds, np.asarray(pixels), grey)
    return 255 - grey if str(ds.PhotometricInterpretation) == "MONOCHROME1" else grey


def _coloured(ds: pydicom.Dataset, stored: NDArray[np.generic], grey: Picture) -> Picture:
    """Greys, with the colours of the supplemental palette from its first value on (PS3.3 C.7.6.19)."""
    first = int(ds.RedPaletteColorLookupTableDescriptor[1])
    names = ("Red", "Green", "Blue")
    tables = [np.frombuffer(ds[f"{name}PaletteColorLookupTableData"].value, "<u2") // 256 for name in names]
    at = np.clip(stored.astype(np.int64) - first, 0, len(tables[0]) - 1)
    return np.stack([np.where(stored >= first, table[at], grey) for table in tables], axis=-1)


def _of_frame(ds: pydicom.Dataset, frame_number: int, group: str) -> pydicom.Dataset | None:
    for groups, at in (("PerFrameFunctionalGroupsSequence", frame_number - 1), ("SharedFunctionalGroupsSequence", 0)):
        if groups in ds and len(ds[groups].value) > at and group in ds[groups].value[at]:
            found: pydicom.Dataset = ds[groups].value[at][group].value[0]
            return found
    return None


def shown_picture(viewport: Locator, shape: tuple[int, ...]) -> tuple[Picture, tuple[int, int]]:
    """What is on the viewport's canvas, in colour, scaled to the frame's own pixels; and its size on the screen."""
    left, top, width, height = map(float, (viewport.get_attribute("data-image-rect") or "").split())
    png = viewport.evaluate(CANVAS_AS_PNG).split(",", 1)[1]
    with Image.open(BytesIO(base64.b64decode(png))) as picture:
        box = viewport.bounding_box()
        assert box is not None
        scale = picture.width / box["width"]
        edges = (left * scale, top * scale, (left + width) * scale, (top + height) * scale)
        inside = (max(0.0, edges[0]), max(0.0, edges[1]), min(picture.width, edges[2]), min(picture.height, edges[3]))
        colour = picture.convert("RGB").resize((shape[1], shape[0]), Image.Resampling.BOX, box=inside)
    return np.asarray(colour, dtype=np.float64), (round(width * scale), round(height * scale))


def shades_apart(shown: tuple[Picture, tuple[int, int]], expected: Picture) -> float:
    """Mean difference of shades, what is expected being scaled to the screen and back as well."""
    picture, (width, height) = shown
    rgb = np.repeat(expected[..., None], 3, axis=2) if expected.ndim == 2 else expected
    source = Image.fromarray(np.clip(np.rint(rgb), 0, 255).astype(np.uint8))
    method = Image.Resampling.BILINEAR if width >= source.width else Image.Resampling.BOX
    scaled = source.resize((width, height), method).resize(source.size, Image.Resampling.BOX)
    return float(np.abs(_blurred(picture) - _blurred(np.asarray(scaled, dtype=np.float64))).mean())


def _blurred(picture: Picture) -> Picture:
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows, columns = picture.shape[:2]
    parts = [padded[row : row + rows, column : column + columns] for row in range(3) for column in range(3)]
    return np.asarray(np.mean(parts, axis=0))
