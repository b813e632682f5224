"""Django's entry for `dicomserver.equipment`."""

from django.apps import AppConfig


class EquipmentConfig(AppConfig):
    """The app `dicomserver.equipment`."""

    name = "dicomserver.equipment"
    label = "equipment"
