"""Tasks of forwarding: safe to run twice, at once, or late, for what waits is in the database."""

from celery import shared_task
from django.utils import timezone

from dicomserver.forwarding import committing, selectors, sending
from dicomserver.outbox.stopping import is_stopping

# A destination that hangs holds up one task only; what could not begin in time is found again.
_EXPIRES_SECONDS = 5.0


@shared_task(acks_late=True)
def forward_due_instances() -> None:
    """Begin to send to each destination that something waits for, each in a task of its own."""
    for destination_pk in selectors.due_destinations(timezone.now()):
        forward_to.apply_async((destination_pk,), expires=_EXPIRES_SECONDS)
    for destination_pk in selectors.uncommitted_destinations():
        committing.ask_for_commitment(destination_pk)


@shared_task(acks_late=True)
def forward_to(destination_pk: int) -> None:
    """Send what is due for one destination."""
    sending.forward_to(destination_pk, is_stopping=is_stopping)
