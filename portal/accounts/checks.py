"""System checks of the settings about people."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from portal.accounts.national_ids import MODULES
from portal.accounts.oidc_provider import is_safe_address


def check_national_id_country(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """accounts.E001: there are rules for the national IDs of the country."""
    del app_configs, kwargs
    if settings.NATIONAL_ID_COUNTRY.casefold() in MODULES:
        return []
    return [
        Error(
            f"NATIONAL_ID_COUNTRY is {settings.NATIONAL_ID_COUNTRY!r}, a country without known rules.",
            hint=f"Set it to one of {', '.join(sorted(MODULES))}, or add the country to portal.accounts.national_ids.",
            id="accounts.E001",
        )
    ]


def check_national_provider(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """accounts.E002, E003: the national identity provider can be reached safely, and knows us."""
    del app_configs, kwargs
    if not settings.NATIONAL_OIDC_ISSUER:
        return []
    found: list[CheckMessage] = []
    if not is_safe_address(settings.NATIONAL_OIDC_ISSUER):
        found.append(
            Error(
                f"NATIONAL_OIDC_ISSUER is {settings.NATIONAL_OIDC_ISSUER!r}, which is no HTTPS address.",
                hint="Set it to the issuer as the provider's discovery document writes it.",
                id="accounts.E002",
            )
        )
    if not (settings.NATIONAL_OIDC_CLIENT_ID and settings.NATIONAL_OIDC_CLIENT_SECRET):
        found.append(
            Error(
                "NATIONAL_OIDC_ISSUER is set without NATIONAL_OIDC_CLIENT_ID or NATIONAL_OIDC_CLIENT_SECRET.",
                hint="Set both to what the provider gave for this portal, or leave the issuer unset.",
                id="accounts.E003",
            )
        )
    return found
