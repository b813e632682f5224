"""Documents for tests: the smallest PDF, pictures made here, and videos of a second that ffmpeg made once."""

import io
from pathlib import Path

from PIL import Image

VIDEOS = Path(__file__).parent / "videos"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 24)) -> Image.Image:
    """A picture that is not the same turned or mirrored."""
    gradient = Image.new("L", size)
    gradient.putdata([(column * 5 + row * 3) % 256 for row in range(size[1]) for column in range(size[0])])
    if mode in {"L", "1"}:
        return gradient.convert(mode)
    if mode == "I;16":
        values = b"".join((value * 257).to_bytes(2, "little") for value in gradient.tobytes())
        return Image.frombytes("I;16", size, values)
    turned = gradient.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    merged = Image.merge("RGB", (gradient, turned, Image.new("L", size, 40)))
    return merged.convert(mode)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """The picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    """A JPEG; `exif` turns it, `progressive` codes it otherwise."""
    return saved(picture(mode), "JPEG", **options)


def png(mode: str = "RGB") -> bytes:
    """A PNG."""
    return saved(picture(mode), "PNG")


def video(name: str = "h264") -> bytes:
    """An MP4 of a test picture of 64 x 48 at 25 frames a second."""
    return (VIDEOS / f"{name}.mp4").read_bytes()
