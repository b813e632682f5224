"""Django's entry for `dicomserver.ingest`."""

import warnings

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """The app `dicomserver.ingest`."""

    name = "dicomserver.ingest"
    label = "ingest"

    def ready(self) -> None:
        """Keep pydicom's warnings, which quote the values that it cannot read, off standard error."""
        warnings.filterwarnings("ignore", module=r"pydicom\b")
