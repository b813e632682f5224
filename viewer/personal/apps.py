"""Registers the app of what people set for the viewer."""

from django.apps import AppConfig


class PersonalConfig(AppConfig):
    """The app `viewer.personal`."""

    name = "viewer.personal"
