"""Django's entry for `dicomserver.scp`."""

from django.apps import AppConfig


class ScpConfig(AppConfig):
    """The app `dicomserver.scp`."""

    name = "dicomserver.scp"
    label = "scp"
