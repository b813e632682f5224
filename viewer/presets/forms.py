"""The window presets of an institution as its administrators fill them in: one row a key."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from viewer.bounded import is_plain_text
from viewer.presets.defaults import KEYS, Preset

FURTHEST: Final = 100_000


class PresetForm(forms.Form):
    """The window behind one key; without a name the key does nothing."""

    name = forms.CharField(label=_("Name"), max_length=24, required=False)
    window_center = forms.FloatField(
        label=_("Centre, HU"),
        min_value=-FURTHEST,
        max_value=FURTHEST,
        required=False,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    window_width = forms.FloatField(
        label=_("Width, HU"), max_value=FURTHEST, required=False, widget=forms.NumberInput(attrs={"step": "any"})
    )

    def __init__(self, *args: Any, key: str, **named: Any) -> None:
        super().__init__(*args, **named)
        self.key = key

    def clean_name(self) -> str:
        """Take what can be shown on a button."""
        name: str = self.cleaned_data["name"]
        if not is_plain_text(name):
            raise forms.ValidationError(_("Write the name with letters and digits."))
        return name

    def clean_window_width(self) -> float | None:
        """Take a width that shows something."""
        width: float | None = self.cleaned_data["window_width"]
        if width is not None and width <= 0:
            raise forms.ValidationError(_("A width is more than 0."))
        return width

    def clean(self) -> dict[str, Any]:
        """Take centre and width together, and under a name."""
        given: dict[str, Any] = super().clean() or {}
        numbers = [given.get("window_center"), given.get("window_width")]
        if not self.errors and numbers.count(None) == 1:
            raise forms.ValidationError(_("Give centre and width, or neither for the window of the images."))
        if not self.errors and not given.get("name") and None not in numbers:
            raise forms.ValidationError(_("Give this window a name."))
        return given

    @property
    def preset(self) -> Preset | None:
        """What was filled in; None for a key that does nothing."""
        given = self.cleaned_data
        if not given["name"]:
            return None
        return Preset(self.key, given["name"], given["window_center"], given["window_width"])


class PresetsForm:
    """A row for each key."""

    def __init__(self, presets: Sequence[Preset] = (), data: Any = None) -> None:
        """Begin with these presets, or read what was sent."""
        known = {preset.key: preset for preset in presets}
        self.rows = [
            PresetForm(data, key=key, prefix=f"key_{key}", initial=vars(known[key]) if key in known else None)
            for key in KEYS
        ]

    def is_valid(self) -> bool:
        """True where every row is."""
        return not [row for row in self.rows if not row.is_valid()]

    @property
    def presets(self) -> list[Preset]:
        """What was filled in, in the order of the keys."""
        return [row.preset for row in self.rows if row.preset is not None]
