"""Registers the viewer and its system checks."""

from django.apps import AppConfig
from django.core.checks import register

from viewer.checks import check_client_is_built


class ViewerConfig(AppConfig):
    """The app `viewer`."""

    name = "viewer"

    def ready(self) -> None:
        """Have the build of the client looked for at each start."""
        register(check_client_is_built)
