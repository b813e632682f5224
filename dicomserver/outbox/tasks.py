"""The outbox's tasks: safe to run twice, at once, or never, for the next run does what this one did not."""

import logging

from celery import shared_task

from dicomserver.identity import IdentityError
from dicomserver.outbox import services

logger = logging.getLogger(__name__)


@shared_task(acks_late=True)
def deliver_outbox() -> None:
    """Deliver what is due."""
    try:
        services.deliver_due_messages()
    except IdentityError as error:
        # Said aloud by each heartbeat; this task runs every second.
        logger.debug("Nothing is delivered: %s", error)


@shared_task(acks_late=True)
def complete_quiet_studies() -> None:
    """Complete the studies in which nothing has arrived for a while."""
    services.complete_quiet_studies()


@shared_task(acks_late=True)
def prune() -> None:
    """Delete messages delivered long ago."""
    services.prune_delivered()
