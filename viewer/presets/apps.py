"""Registers the app of the window presets of institutions."""

from django.apps import AppConfig


class PresetsConfig(AppConfig):
    """The app `viewer.presets`."""

    name = "viewer.presets"
