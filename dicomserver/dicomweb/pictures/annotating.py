"""Writes who and what is shown into the corners of a picture (PS3.18 8.3.5.1.1): burned in, as nothing else can be."""

from functools import lru_cache
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from dicomserver.dicomweb.pictures.attributes import Object

# Those that have letters beyond Latin, as systems install them; Pillow's own comes last.
_FONTS: Final = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf")
_SMALLEST: Final = 9
_LINES_A_PICTURE: Final = 36
_MAX_TEXT: Final = 64

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def annotated(image: Image.Image, ds: Object, frame: int, annotations: tuple[str, ...]) -> Image.Image:
    """The picture with the patient at its upper left, and how it was made at its lower left."""
    if not annotations:
        return image
    made = image.convert("RGB") if image.mode != "RGB" else image
    drawing = ImageDraw.Draw(made)
    size = max(_SMALLEST, min(made.size) // _LINES_A_PICTURE)
    margin = size // 2
    if "patient" in annotations:
        _write(drawing, (margin, margin), _patient(ds), size)
    if "technique" in annotations:
        lines = _technique(ds, frame)
        _write(drawing, (margin, made.height - margin - len(lines) * _height(size)), lines, size)
    return made


def _patient(ds: Object) -> list[str]:
    """PS3.18 asks for what identifies the patient: name, ID, birth date and sex."""
    return _known(
        _name(ds), _text(ds, "00100020"), " ".join(_known(_date(_text(ds, "00100030")), _text(ds, "00100040")))
    )


def _technique(ds: Object, frame: int) -> list[str]:
    """What was examined, when, and which image of the series this is."""
    number, frames = _text(ds, "00200013"), _text(ds, "00280008")
    of_frames = f"frame {frame}" if frames not in {"", "1"} else ""
    series, thickness = _text(ds, "00200011"), _text(ds, "00180050")
    position = _text(ds, "00201041")
    return _known(
        " ".join(_known(_text(ds, "00080060"), _date(_text(ds, "00080020")), _time(_text(ds, "00080030")))),
        _text(ds, "0008103E"),
        " ".join(_known(f"series {series}" if series else "", f"image {number}" if number else "", of_frames)),
        " ".join(_known(f"thickness {thickness} mm" if thickness else "", f"at {position} mm" if position else "")),
    )


def _write(drawing: ImageDraw.ImageDraw, at: tuple[int, int], lines: list[str], size: int) -> None:
    font = _font(size)
    for index, line in enumerate(lines):
        # With an edge, so that it can be read on white and on black.
        place = (at[0], at[1] + index * _height(size))
        drawing.text(place, line, fill=(255, 255, 255), font=font, stroke_width=1, stroke_fill=(0, 0, 0))


def _height(size: int) -> int:
    return size + size // 3


@lru_cache(maxsize=16)
def _font(size: int) -> Font:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _name(ds: Object) -> str:
    groups = _first(ds, "00100010")
    if not isinstance(groups, dict):
        return ""
    written = groups.get("Alphabetic") or groups.get("Ideographic") or ""
    family, _, given = str(written).partition("^")
    return ", ".join(_known(family.strip(), " ".join(given.replace("^", " ").split())))[:_MAX_TEXT]


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text


def _time(text: str) -> str:
    return f"{text[:2]}:{text[2:4]}" if text[:4].isdigit() and len(text) >= 4 else text


def _text(ds: Object, tag: str) -> str:
    value = _first(ds, tag)
    return "" if value is None or isinstance(value, dict) else str(value)[:_MAX_TEXT]


def _first(ds: Object, tag: str) -> Any:
    return (ds.get(tag, {}).get("Value") or [None])[0]


def _known(*texts: str) -> list[str]:
    return [text for text in texts if text.strip()]
