"""A heartbeat brings the portal's orders: all that are newer, once, whatever happens on the way."""

import pytest

from dicomserver.heartbeats.services import send_heartbeat
from dicomserver.identity import Identity, PortalBusy
from dicomserver.orders.models import Order, OrderFeed
from tests.dicomserver.orders.made_orders import made_order
from tests.dicomserver.portal_double import PortalDouble, Reply
from wire import routes

pytestmark = pytest.mark.django_db


def known() -> list[tuple[str, int]]:
    return list(Order.objects.order_by("portal_revision").values_list("accession_number", "portal_revision"))


def test_a_heartbeat_brings_all_new_orders_in_several_answers(
    enrolled: Identity, portal: PortalDouble, archive: object
) -> None:
    portal.orders = [made_order(revision=number) for number in (3, 5, 6, 9, 11)]
    send_heartbeat()
    assert known() == [(order.accession_number, order.revision) for order in portal.orders]
    assert [message.after_revision for message in portal.accepted[routes.ORDERS]] == [0, 5, 9]
    assert OrderFeed.objects.get().revision == 11
    send_heartbeat()
    assert len(portal.accepted[routes.ORDERS]) == 3


def test_only_what_is_newer_is_fetched(enrolled: Identity, portal: PortalDouble, archive: object) -> None:
    first = made_order(revision=1)
    portal.orders = [first]
    send_heartbeat()
    portal.orders = [first.model_copy(update={"revision": 2, "accession_number": "NEW"})]
    send_heartbeat()
    assert known() == [("NEW", 2)]


def test_a_failure_on_the_way_keeps_what_came_and_the_next_heartbeat_goes_on(
    enrolled: Identity, portal: PortalDouble, archive: object
) -> None:
    portal.orders = [made_order(revision=number) for number in (1, 2, 3)]
    portal.replies[routes.ORDERS] = [Reply(503)]
    with pytest.raises(PortalBusy):
        send_heartbeat()
    assert known() == []
    send_heartbeat()
    assert [revision for _, revision in known()] == [1, 2, 3]


def test_a_portal_that_went_back_is_followed(enrolled: Identity, portal: PortalDouble, archive: object) -> None:
    order = made_order(revision=20)
    portal.orders = [order]
    send_heartbeat()
    portal.orders = [order.model_copy(update={"revision": 4, "accession_number": "BEFORE"})]
    send_heartbeat()
    assert OrderFeed.objects.get().revision == 4
    assert known() == [("BEFORE", 4)]


def test_a_portal_without_orders_is_not_asked(enrolled: Identity, portal: PortalDouble, archive: object) -> None:
    send_heartbeat()
    assert routes.ORDERS not in portal.accepted
