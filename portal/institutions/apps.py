"""Registers institutions, and the roles people hold in them."""

from django.apps import AppConfig


class InstitutionsConfig(AppConfig):
    """The app `portal.institutions`."""

    name = "portal.institutions"
    label = "institutions"
