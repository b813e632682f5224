"""Django's entry for the export."""

from django.apps import AppConfig


class ExportingConfig(AppConfig):
    """Studies on their way out, as files."""

    name = "dicomserver.exporting"
    label = "exporting"
    verbose_name = "Export"
