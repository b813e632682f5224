"""Django's entry for the outbox."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """The messages that wait for the portal."""

    name = "dicomserver.outbox"
    label = "outbox"
    verbose_name = "Outbox"
