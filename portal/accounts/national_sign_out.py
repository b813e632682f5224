"""Where a patient who came by the national identity provider signs out there too."""

from django.http import HttpRequest
from django.urls import reverse

from portal.accounts.national_sign_in import METHOD
from portal.accounts.oidc_provider import ProviderUnreachable, is_configured, national_provider, sign_out_address
from portal.accounts.sign_in_methods import sign_in_method


def provider_sign_out(request: HttpRequest) -> str:
    """Return where a person who came by the national identity provider signs out there too; "" for all others."""
    return way_out(request) if is_configured() and sign_in_method(request) == METHOD else ""


def way_out(request: HttpRequest) -> str:
    """Return where a session at the provider ends, from where one comes back; "" where that cannot be known."""
    try:
        return sign_out_address(national_provider(), request.build_absolute_uri(reverse("account_login")))
    except ProviderUnreachable:
        return ""
