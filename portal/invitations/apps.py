"""Registers the app."""

from django.apps import AppConfig


class InvitationsConfig(AppConfig):
    """The app `portal.invitations`."""

    name = "portal.invitations"
    label = "invitations"
