"""Tells the sign-in page by which providers people may come."""

from django import template

from portal.single_sign_on import selectors
from portal.single_sign_on.models import IdentityProvider

register = template.Library()


@register.simple_tag
def enabled_providers() -> list[IdentityProvider]:
    """The providers in the order in which the sign-in page shows them."""
    return list(selectors.enabled_providers())
