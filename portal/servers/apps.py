"""Registers DICOM Servers, their keys and their enrolment."""

from django.apps import AppConfig


class ServersConfig(AppConfig):
    """The app `portal.servers`."""

    name = "portal.servers"
    label = "servers"
