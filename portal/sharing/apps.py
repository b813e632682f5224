"""Registers the app."""

from django.apps import AppConfig


class SharingConfig(AppConfig):
    """The app `portal.sharing`."""

    name = "portal.sharing"
    label = "sharing"
