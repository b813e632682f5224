"""Django's entry for `dicomserver.commitment`."""

from django.apps import AppConfig


class CommitmentConfig(AppConfig):
    """The app `dicomserver.commitment`."""

    name = "dicomserver.commitment"
    label = "commitment"
