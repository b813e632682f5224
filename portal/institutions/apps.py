"""Registers institutions, and the roles people hold in them."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register


class InstitutionsConfig(AppConfig):
    """The app `portal.institutions`."""

    name = "portal.institutions"
    label = "institutions"

    def ready(self) -> None:
        """Check what the settings say of roles."""
        checks = import_module("portal.institutions.checks")
        register(checks.check_roles_that_demand_a_second_factor)
        register(checks.check_session_limits)
