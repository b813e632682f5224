"""Registers the app."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The app `portal.access`."""

    name = "portal.access"
    label = "access"
