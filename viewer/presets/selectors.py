"""Reads the window presets of an institution."""

from portal.institutions.models import Institution
from viewer.presets.defaults import CT_PRESETS, KEYS, Preset
from viewer.presets.models import WindowPreset


def presets_of(institution: Institution) -> tuple[Preset, ...]:
    """The institution's presets in the order of their keys; those of everybody where it chose none."""
    chosen = [
        Preset(row.key, row.name, _plain(row.window_center), _plain(row.window_width))
        for row in WindowPreset.objects.filter(institution=institution.pk)
    ]
    return tuple(sorted(chosen, key=lambda preset: KEYS.index(preset.key))) or CT_PRESETS


def has_own_presets(institution: Institution) -> bool:
    """True where the institution chose presets of its own."""
    return WindowPreset.objects.filter(institution=institution).exists()


def _plain(value: float | None) -> float | None:
    """A whole number as one: 40 and not 40.0."""
    return int(value) if value is not None and value == int(value) else value
