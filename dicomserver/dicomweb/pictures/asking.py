"""What a request says of how pictures are drawn (PS3.18 8.3.5): window, viewport, quality, annotation, colours."""

import math
import re
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, QueryDict

from dicomserver.dicomweb.pictures.attributes import Window
from dicomserver.dicomweb.problems import invalid

MAX_SIDE: Final = 8192
ANNOTATIONS: Final = ("patient", "technique")
PROFILES: Final = ("no", "yes", "srgb")
# PS3.18 8.3.5.1.4: the functions of PS3.3 C.11.2.1.3 in lower case.
_FUNCTIONS: Final = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12})([eE][+-]?[0-9]{1,2})?")
_VIEWPORT_VALUES: Final = range(2, 7)
_FULL: Final = math.inf


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the source image, in pixels or in shares of it; infinite extents reach to its edge."""

    left: float = 0.0
    top: float = 0.0
    width: float = _FULL
    height: float = _FULL
    is_mirrored: bool = False
    is_upside_down: bool = False
    is_share: bool = False

    def within(self, columns: int, rows: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in pixels of an image of that size. Raises Refused where it lies outside."""
        if self.is_share:
            right, bottom = min(1.0, self.left + self.width), min(1.0, self.top + self.height)
            return self.left * columns, self.top * rows, right * columns, bottom * rows
        right = columns if self.width == _FULL else self.left + self.width
        bottom = rows if self.height == _FULL else self.top + self.height
        if not (0 <= self.left < right <= columns and 0 <= self.top < bottom <= rows):
            raise invalid("The region of the viewport does not lie in the image.")
        return self.left, self.top, right, bottom


@dataclass(frozen=True, slots=True)
class Viewport:
    """The size in pixels that a picture fits into, enlarged too where it is smaller, and what of the image it shows."""

    width: int
    height: int
    region: Region = Region()
    is_enlarged: bool = True


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a picture is to be drawn; what is None or empty is left to the image."""

    window: Window | None = None
    viewport: Viewport | None = None
    quality: int | None = None
    annotations: tuple[str, ...] = ()
    profile: str = "no"
    # Annotations that were asked for and are not known here.
    unknown_annotations: tuple[str, ...] = ()


NO_WISHES: Final = Wishes()


def wishes_of(request: HttpRequest) -> Wishes:
    """What the query says. Raises Refused (400)."""
    if not request.META.get("QUERY_STRING"):
        return NO_WISHES
    query = request.GET
    annotations = _words(query, "annotation")
    return Wishes(
        window=window_of(_only(query, "window")),
        viewport=viewport_of(_only(query, "viewport")),
        quality=quality_of(_only(query, "quality")),
        annotations=tuple(word for word in ANNOTATIONS if word in annotations),
        profile=_profile(_only(query, "iccprofile")),
        unknown_annotations=tuple(word for word in annotations if word not in ANNOTATIONS),
    )


def window_of(text: str | None) -> Window | None:
    """`center,width` or `center,width,function` (8.3.5.1.4)."""
    if text is None:
        return None
    values = text.split(",")
    function = _FUNCTIONS.get(values[2].strip().lower().replace("_", "-")) if len(values) == 3 else "LINEAR"
    if len(values) not in {2, 3} or function is None:
        raise invalid(f"A window is a center, a width and one of {', '.join(_FUNCTIONS)}, with commas between.")
    return window(values[0], values[1], function)


def window(center: str, width: str, function: str = "LINEAR") -> Window:
    """A window of which center and width are told as text. Raises Refused (400)."""
    center_value, width_value = _number(center, "The window's center"), _number(width, "The window's width")
    if width_value <= 0 or (function == "LINEAR" and width_value < 1):
        raise invalid("The window's width is too small.")
    return Window(center_value, width_value, function)


def viewport_of(text: str | None) -> Viewport | None:
    """`vw,vh[,sx,sy,sw,sh]`, where a value of the region may be left out (8.3.5.1.3)."""
    if text is None:
        return None
    values = text.split(",")
    if len(values) not in _VIEWPORT_VALUES:
        raise invalid(
            "A viewport is a width and a height in pixels, and perhaps left, top, width and height of a region."
        )
    left, top, width, height = (_optional(value) for value in (*values[2:], *[""] * (6 - len(values))))
    if width == 0 or height == 0 or (left or 0) < 0 or (top or 0) < 0:
        raise invalid("The region of the viewport has no extent, or begins outside the image.")
    region = Region(
        left or 0.0,
        top or 0.0,
        _FULL if width is None else abs(width),
        _FULL if height is None else abs(height),
        is_mirrored=width is not None and width < 0,
        is_upside_down=height is not None and height < 0,
    )
    return Viewport(side_of(values[0]), side_of(values[1]), region)


def quality_of(text: str | None) -> int | None:
    """1 to 100 (8.3.5.1.2)."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= 100):
        raise invalid("A quality is a whole number from 1 to 100.")
    return int(text)


def side_of(text: str) -> int:
    """The width or height of a picture. Raises Refused (400)."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= MAX_SIDE):
        raise invalid(f"A picture has 1 to {MAX_SIDE} pixels a side.")
    return int(text)


def _profile(text: str | None) -> str:
    if text is None:
        return "no"
    if text.lower() not in PROFILES:
        raise invalid(f"This server knows the ICC profiles {', '.join(PROFILES)}.")
    return text.lower()


def _words(query: QueryDict, name: str) -> list[str]:
    return [word.strip().lower() for text in query.getlist(name) for word in text.split(",") if word.strip()]


def _only(query: QueryDict, name: str) -> str | None:
    values = query.getlist(name)
    if len(values) > 1:
        raise invalid(f"The query has {name} more than once.")
    return values[0] if values else None


def _optional(text: str) -> float | None:
    return _number(text, "A value of the region") if text.strip() else None


def _number(text: str, what: str) -> float:
    if not _NUMBER.fullmatch(text.strip()):
        raise invalid(f"{what} is no number.")
    return float(text)
