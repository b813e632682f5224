"""Registers people and how they are recognised."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The app `portal.accounts`."""

    name = "portal.accounts"
    label = "accounts"
