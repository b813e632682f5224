"""Django's entry for `dicomserver.ingest`."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """The app `dicomserver.ingest`."""

    name = "dicomserver.ingest"
    label = "ingest"
