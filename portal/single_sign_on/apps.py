"""Registers the app."""

from django.apps import AppConfig


class SingleSignOnConfig(AppConfig):
    """The app `portal.single_sign_on`."""

    name = "portal.single_sign_on"
    label = "single_sign_on"
