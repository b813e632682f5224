"""Django's entry for `dicomserver.elsewhere`."""

from django.apps import AppConfig


class ElsewhereConfig(AppConfig):
    """The app `dicomserver.elsewhere`."""

    name = "dicomserver.elsewhere"
    label = "elsewhere"
