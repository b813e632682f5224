"""Registers the door through which DICOM Servers report."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """The app `portal.intake`."""

    name = "portal.intake"
    label = "intake"
