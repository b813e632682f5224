"""Registers the audit log and its system checks."""

from django.apps import AppConfig
from django.core.checks import register

from audit.checks import check_actor_source


class AuditConfig(AppConfig):
    """The app `audit`."""

    name = "audit"

    def ready(self) -> None:
        """Have the settings checked at each start."""
        register(check_actor_source)
