"""Django's entry for the orders, and what they listen to."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Scheduled and performed procedure steps."""

    name = "dicomserver.orders"
    label = "orders"
    verbose_name = "Orders"

    def ready(self) -> None:
        """Hear of each commit, so that a study is complete with the last instance that was announced."""
        from dicomserver.ingest.signals import instances_committed  # noqa: PLC0415 - models need Django first
        from dicomserver.orders.completeness import complete_if_all_came  # noqa: PLC0415

        instances_committed.connect(complete_if_all_came, dispatch_uid="orders")
