"""Registers the app."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """The app `portal.orders`."""

    name = "portal.orders"
    label = "orders"
