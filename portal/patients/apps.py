"""Registers the app."""

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """The app `portal.patients`."""

    name = "portal.patients"
    label = "patients"
