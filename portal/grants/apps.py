"""Registers the policy: who may see which study, and why."""

from django.apps import AppConfig


class GrantsConfig(AppConfig):
    """The app `portal.grants`."""

    name = "portal.grants"
    label = "grants"
