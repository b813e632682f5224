"""Lets the sign-in page say how many institutions the network has."""

from django import template

from portal.institutions.selectors import number_of_institutions

register = template.Library()


@register.simple_tag
def institutions_count() -> int:
    """Return how many institutions there are: `{% institutions_count as number %}`."""
    return number_of_institutions()
