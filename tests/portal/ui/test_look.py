"""Icons exist, and the colours of both themes keep their contrast."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TEXT_TOKENS = {"text": 10.9, "text-2": 6.6, "text-3": 4.5, "accent": 4.9, "ok": 5.0, "attention": 5.0, "danger": 4.7}
SURFACES = ("bg", "surface-1", "surface-2", "surface-3", "selected")


def tokens(theme):
    """The variables of a theme, by name."""
    css = (ROOT / "static/portal/css/tokens.css").read_text()
    block = re.search(rf'\[data-bs-theme="{theme}"\] \{{(.*?)\n\}}', css, re.DOTALL)
    assert block is not None
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", block.group(1)))


def luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Contrast ratio of two colours (WCAG 2.2)."""
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("token", "least"), sorted(TEXT_TOKENS.items()))
def test_text_can_be_read_on_every_surface(theme, token, least):
    colours = tokens(theme)
    ratios = {surface: contrast(colours[token], colours[surface]) for surface in SURFACES}
    assert min(ratios.values()) >= min(least, 4.5), ratios


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", ["ok", "attention", "danger", "lent"])
def test_coloured_words_can_be_read_on_their_tint(theme, name):
    colours = tokens(theme)
    assert contrast(colours[name], colours[f"{name}-tint"]) >= 5.4


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_borders_of_controls_and_white_on_buttons_can_be_seen(theme):
    colours = tokens(theme)
    assert contrast(colours["line-strong"], colours["bg"]) >= 3
    assert contrast("#ffffff", colours["button"]) >= 4.5
    assert contrast("#ffffff", colours["stat"]) >= 4.5


def test_every_icon_of_the_templates_is_in_the_sprite():
    known = set((ROOT / "viewer/client/vendor/icons.txt").read_text().split())
    used = set()
    for template in (ROOT / "templates").rglob("*.html"):
        used |= set(re.findall(r'{% icon "([a-z0-9-]+)"', template.read_text()))
    assert used
    assert used <= known
