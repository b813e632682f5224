"""Which kinds of marks there are, and how many points each is drawn by."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

POINTS_AT_MOST: Final = 2000


class Kind(models.TextChoices):
    """What is drawn on an image; the values are stable, viewers and programs keep them."""

    LINE = "line", _("line")
    DIAMETER = "diameter", _("diameter")
    ANGLE = "angle", _("angle")
    COBB = "cobb", _("Cobb angle")
    CIRCLE = "circle", _("circle")
    RECTANGLE = "rectangle", _("rectangle")
    CURVE = "curve", _("curve")
    PROBE = "probe", _("probe")
    ARROW = "arrow", _("arrow")
    KEY_IMAGE = "key_image", _("key image")
    DRAW_LINE = "draw_line", _("drawn line")
    DRAW_CIRCLE = "draw_circle", _("drawn circle")
    DRAW_RECTANGLE = "draw_rectangle", _("drawn rectangle")
    DRAW_CURVE = "draw_curve", _("drawn curve")


POINTS: Final[dict[str, tuple[int, int]]] = {
    Kind.LINE: (2, 2),
    # A long and a short axis have two points each.
    Kind.DIAMETER: (2, 4),
    Kind.ANGLE: (3, 3),
    # Two lines.
    Kind.COBB: (4, 4),
    # Centre and edge, or two opposite points with the centre between them.
    Kind.CIRCLE: (2, 3),
    # Opposite corners, or all of them.
    Kind.RECTANGLE: (2, 4),
    Kind.CURVE: (2, POINTS_AT_MOST),
    Kind.PROBE: (1, 1),
    Kind.ARROW: (1, 2),
    Kind.KEY_IMAGE: (0, 0),
    Kind.DRAW_LINE: (2, 2),
    Kind.DRAW_CIRCLE: (2, 3),
    Kind.DRAW_RECTANGLE: (2, 4),
    Kind.DRAW_CURVE: (2, POINTS_AT_MOST),
}
"""Least and most points of each kind."""
