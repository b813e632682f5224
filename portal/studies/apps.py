"""Registers the catalogue: holdings of studies as DICOM Servers report them."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """The app `portal.studies`."""

    name = "portal.studies"
    label = "studies"
