"""Window presets for CT that every institution begins with, centre and width in HU, as other viewers ship them."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

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
    Preset("1", _("Skull"), 25, 95),
    Preset("2", _("Lung"), -400, 1600),
    Preset("3", _("Abdomen"), 10, 400),
    Preset("4", _("Mediastinum"), 10, 450),
    Preset("5", _("Bone"), 300, 2500),
    Preset("6", _("Spine"), 20, 300),
    Preset("7", _("Postmyelo"), 200, 1000),
    Preset("8", _("Felsenbein"), 500, 4000),
    Preset("9", _("Cerebral"), 40, 80),
    Preset("0", _("Standard"), None, None),
)
_NAMES: Final = frozenset(preset.name for preset in CT_PRESETS)


def shown_name(preset: Preset) -> str:
    """The name in the reader's language where everybody knows it; what an institution wrote stays as it is."""
    return gettext(preset.name) if preset.name in _NAMES else preset.name
