"""System checks of the settings that speak of roles."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from portal.institutions.mfa import NOBODY
from portal.institutions.models import Role
from portal.institutions.session_limits import parse_limits


def check_roles_that_demand_a_second_factor(
    app_configs: Sequence[AppConfig] | None, **kwargs: object
) -> list[CheckMessage]:
    """institutions.E001: MFA_DEMANDED_OF names roles."""
    del app_configs, kwargs
    unknown = sorted(set(settings.MFA_DEMANDED_OF) - set(Role.values) - {NOBODY})
    if not unknown:
        return []
    return [
        Error(
            f"MFA_DEMANDED_OF names {', '.join(unknown)}, which is no role.",
            hint=f"Use {', '.join(Role.values)}, or {NOBODY} alone.",
            id="institutions.E001",
        )
    ]


def check_session_limits(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """institutions.E002: SESSION_LIMITS can be read."""
    del app_configs, kwargs
    try:
        parse_limits(tuple(settings.SESSION_LIMITS))
    except ValueError as error:
        hint = "Write role=idle/absolute in minutes, with commas between, and one for default: default=30/720."
        return [Error(f"SESSION_LIMITS cannot be read: {error}.", hint=hint, id="institutions.E002")]
    return []
