"""From a drawn frame to the picture that was asked for: region, pixel shape, size, mirroring, and its encoding."""

import io
from typing import Any, Final

import numpy as np
from PIL import Image, ImageCms

from dicomserver.dicomweb.pictures.asking import MAX_SIDE, NO_WISHES, Region, Wishes
from dicomserver.dicomweb.pictures.drawing import JPEG_QUALITY, Grey

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
GIF: Final = "image/gif"
# What a still picture can be, what is made where everything is accepted first.
STILL_TYPES: Final = (JPEG, PNG, GIF)
Box = tuple[int, int]
"""Width and height in pixels that a picture fits into."""

_NAMES: Final = {JPEG: "JPEG", PNG: "PNG", GIF: "GIF"}


def composed(picture: Grey, aspect: float, wishes: Wishes, *, box: Box | None = None) -> Image.Image:
    """The picture with square pixels: as asked for, or no larger than the box. Raises Refused for a region outside."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    region = wishes.viewport.region if wishes.viewport else Region()
    left, top, right, bottom = region.within(image.width, image.height)
    width, height = (right - left) / min(aspect, 1.0), (bottom - top) * max(aspect, 1.0)
    if wishes.viewport is not None:
        # Scaled up too, until it fits (PS3.18 8.3.5.1.3).
        fitting = min(wishes.viewport.width / width, wishes.viewport.height / height)
        scale = fitting if wishes.viewport.is_enlarged else min(1.0, fitting)
    else:
        most = box or (MAX_SIDE, MAX_SIDE)
        scale = min(1.0, most[0] / width, most[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size != image.size or (left, top, right, bottom) != (0, 0, *image.size):
        is_smaller = size[0] < right - left or size[1] < bottom - top
        filtered = Image.Resampling.LANCZOS if is_smaller else Image.Resampling.BICUBIC
        image = image.resize(size, filtered, (left, top, right, bottom), reducing_gap=2.0 if is_smaller else None)
    if region.is_mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if region.is_upside_down:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return image


def encoded(image: Image.Image, media_type: str = JPEG, wishes: Wishes = NO_WISHES) -> bytes:
    """The picture as a file of the media type."""
    options: dict[str, Any] = {}
    if media_type == JPEG:
        options["quality"] = wishes.quality or JPEG_QUALITY
    if wishes.profile != "no" and media_type != GIF and image.mode == "RGB":
        options["icc_profile"] = _srgb()
    buffer = io.BytesIO()
    image.save(buffer, _NAMES[media_type], **options)
    return buffer.getvalue()


def animated(images: list[Image.Image], milliseconds: int) -> bytes:
    """Pictures one after the other as a GIF that begins anew at its end."""
    first, *others = images
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=max(milliseconds, 20), loop=0)
    return buffer.getvalue()


def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
