"""Registers the monitoring of the network."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """The app `monitoring`."""

    name = "monitoring"
