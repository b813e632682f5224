"""Shows the machines that may store by STOW-RS, and those that no longer may."""

from typing import Any

from django.core.management.base import BaseCommand

from dicomserver.access.models import Sender


class Command(BaseCommand):
    """python -m dicomserver list_senders."""

    help = "List the machines that may or might store by STOW-RS: name, AE title, since when, until when."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """One line each."""
        for sender in Sender.objects.order_by("name"):
            until = f"{sender.disabled_at:%Y-%m-%d %H:%M}" if sender.disabled_at else "-"
            self.stdout.write(f"{sender.name}\t{sender.ae_title or '-'}\t{sender.created_at:%Y-%m-%d %H:%M}\t{until}")
