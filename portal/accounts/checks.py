"""System checks of the settings about people."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from portal.accounts.national_ids import MODULES


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
