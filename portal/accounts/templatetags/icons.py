"""Draws an icon of the sprite that the browser build makes from `viewer/client/vendor/icons.txt`."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Return the icon `name` of bootstrap-icons, hidden from screen readers unless it stands alone with a `label`."""
    href = f"{static('viewer/vendor/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)
