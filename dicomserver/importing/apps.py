"""Django's entry for the import."""

from django.apps import AppConfig


class ImportingConfig(AppConfig):
    """Files on their way in."""

    name = "dicomserver.importing"
    label = "importing"
    verbose_name = "Import"
