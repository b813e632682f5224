"""Registers the lists and pages in which people find studies."""

from django.apps import AppConfig


class WorklistConfig(AppConfig):
    """The app `portal.worklist`."""

    name = "portal.worklist"
    label = "worklist"
