"""Registers the app."""

from django.apps import AppConfig


class ErrandsConfig(AppConfig):
    """The app `portal.errands`."""

    name = "portal.errands"
    label = "errands"
