"""Registers the app."""

from django.apps import AppConfig


class ConsultationsConfig(AppConfig):
    """The app `portal.consultations`."""

    name = "portal.consultations"
    label = "consultations"
