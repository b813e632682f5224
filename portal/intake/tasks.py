"""What the intake does by the clock."""

from celery import shared_task

from portal.intake.services import prune_received_messages


@shared_task(name="portal.intake.prune_received_messages")
def prune_received_messages_task() -> None:
    """Forget messages that no server delivers again."""
    prune_received_messages()
