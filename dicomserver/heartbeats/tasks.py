"""The heartbeat's task: one lost heartbeat is made up for by the next."""

import logging

from celery import shared_task

from dicomserver.heartbeats import services
from dicomserver.identity import IdentityError, PortalError
from wire.messages import MessageRefused

logger = logging.getLogger(__name__)


@shared_task(acks_late=True)
def send_heartbeat() -> None:
    """Tell the portal how this server is."""
    try:
        services.send_heartbeat()
    except (OSError, IdentityError, MessageRefused, PortalError) as error:
        logger.warning("No heartbeat: %s", error)
