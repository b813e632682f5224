"""Django's entry for deleting."""

from django.apps import AppConfig


class DeletingConfig(AppConfig):
    """What was deleted, and can be restored for a while."""

    name = "dicomserver.deleting"
    label = "deleting"
    verbose_name = "Deleting"
