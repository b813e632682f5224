"""Fetches from the portal the orders that are newer than those here: at least once, by revision."""

import logging
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction

from dicomserver.identity import Portal
from dicomserver.orders.selectors import fed_revision
from dicomserver.orders.services import apply_order, forget_portal_revisions, remember_feed
from wire import routes
from wire.messages import body_of, parse
from wire.orders import OrdersAnswer, OrdersRequest

logger = logging.getLogger(__name__)

# One heartbeat brings so many answers at most; the next one goes on.
MAX_ANSWERS: Final = 20


def fetch_orders(portal: Portal, *, server_id: UUID, newest: int) -> int:
    """Bring this server's orders up to the portal's revision `newest`; returns how many changed.

    Raises identity.PortalError and wire.messages.MessageRefused; what came before stays.
    """
    have = fed_revision(server_id)
    if have == newest:
        return 0
    if have > newest:
        # The portal went back to a copy of before: what it has now is what counts.
        logger.warning("The portal's orders went back; all are fetched anew", extra={"have": have, "newest": newest})
        forget_portal_revisions()
        have = 0
    changed = 0
    for _ in range(MAX_ANSWERS):
        request = OrdersRequest(message_id=uuid4(), server_id=server_id, after_revision=have)
        answer = parse(OrdersAnswer, portal.post(routes.ORDERS, body_of(request)))
        with transaction.atomic():
            changed += sum(apply_order(order) for order in answer.orders)
            remember_feed(server_id, answer.revision)
        if not answer.has_more or answer.revision <= have:
            break
        have = answer.revision
    if changed:
        logger.info("Orders came from the portal", extra={"orders": changed})
    return changed
