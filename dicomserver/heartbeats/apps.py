"""Django's entry for the heartbeats."""

from django.apps import AppConfig


class HeartbeatsConfig(AppConfig):
    """Heartbeats and enrolment."""

    name = "dicomserver.heartbeats"
    label = "heartbeats"
    verbose_name = "Heartbeats"
