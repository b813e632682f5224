"""Django's entry for the index."""

from django.apps import AppConfig


class IndexConfig(AppConfig):
    """The index of the archive."""

    name = "dicomserver.index"
    label = "index"
    verbose_name = "Index"
