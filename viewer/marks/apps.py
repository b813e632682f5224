"""Registers the app of marks on images."""

from django.apps import AppConfig


class MarksConfig(AppConfig):
    """The app `viewer.marks`."""

    name = "viewer.marks"
