"""Lets the sign-in page know whether patients may come by the national identity provider."""

from django import template

from portal.accounts.oidc_provider import is_configured

register = template.Library()


@register.simple_tag
def national_sign_in() -> bool:
    """Return whether there is a national identity provider: `{% national_sign_in as offered %}`."""
    return is_configured()
