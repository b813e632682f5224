"""Tasks of the access records: safe to run twice, at once, or late."""

import logging

from celery import shared_task

from dicomserver.access import services
from dicomserver.identity import IdentityError

logger = logging.getLogger(__name__)


@shared_task(acks_late=True)
def close_viewing_sessions() -> None:
    """Turn sessions that have ended into access events."""
    try:
        services.close_viewing_sessions()
    except IdentityError as error:
        logger.warning("Viewing sessions stay open: %s", error)


@shared_task(acks_late=True)
def prune() -> None:
    """Delete sessions and revocations that matter no more."""
    services.prune()
