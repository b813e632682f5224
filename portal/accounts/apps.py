"""Registers people and how they are recognised."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register


class AccountsConfig(AppConfig):
    """The app `portal.accounts`."""

    name = "portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Connect the audit to Django's sign-in signals, and check the settings of national IDs."""
        import_module("portal.accounts.receivers")
        checks = import_module("portal.accounts.checks")
        register(checks.check_national_id_country)
        register(checks.check_national_provider)
