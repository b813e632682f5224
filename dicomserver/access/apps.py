"""Django's entry for the access records."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Viewing sessions and revocations."""

    name = "dicomserver.access"
    label = "access"
    verbose_name = "Access"
