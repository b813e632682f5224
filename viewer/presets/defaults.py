"""Window presets for CT that every institution begins with, centre and width in HU, as other viewers ship them."""

from dataclasses import dataclass
from typing import Final

KEYS: Final = "1234567890"
"""In the order of a keyboard, and of the viewer's row."""


@dataclass(frozen=True)
class Preset:
    """A named window; without centre and width it is the data set's own (PS3.3 C.11.2.1.2)."""

    key: str
    name: str
    window_center: float | None
    window_width: float | None


CT_PRESETS: Final = (
    Preset("1", "Skull", 25, 95),
    Preset("2", "Lung", -400, 1600),
    Preset("3", "Abdomen", 10, 400),
    Preset("4", "Mediastinum", 10, 450),
    Preset("5", "Bone", 300, 2500),
    Preset("6", "Spine", 20, 300),
    Preset("7", "Postmyelo", 200, 1000),
    Preset("8", "Felsenbein", 500, 4000),
    Preset("9", "Cerebral", 40, 80),
    Preset("0", "Standard", None, None),
)
