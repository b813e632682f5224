"""Registers the viewer."""

from django.apps import AppConfig


class ViewerConfig(AppConfig):
    """The app `viewer`."""

    name = "viewer"
