"""Orders of before the list are in it: sorted by when they are due, and found by their words."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from portal.institutions.models import Role
from portal.orders.lists import OrderFilters, order_page
from portal.orders.models import Order
from tests.portal.grants.factories import MembershipFactory
from tests.portal.orders.factories import order_body, place
from tests.portal.servers.factories import DicomServerFactory

pytestmark = pytest.mark.django_db
filled = import_module("portal.orders.migrations.0003_order_lists_filled")


def test_orders_of_before_are_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filled, "BATCH", 2)
    server = DicomServerFactory()
    person = MembershipFactory(role=Role.RADIOLOGIST, institution=server.institution).user
    (step,) = order_body()["scheduled_procedure_steps"]
    later = {**step, "scheduled_procedure_step_start_time": "11:00"}
    placed = [
        place(person, server, accession_number=f"M{number}", scheduled_procedure_steps=[later, step])
        for number in range(5)
    ]
    expected = sorted(Order.objects.values_list("pk", "scheduled_start", "search_vector"))
    Order.objects.update(scheduled_start="", search_vector=None)
    with connection.cursor() as cursor:
        cursor.execute(filled.STARTS)
    filled.find_by_words(apps, None)
    assert sorted(Order.objects.values_list("pk", "scheduled_start", "search_vector")) == expected
    assert {order.scheduled_start for order in Order.objects.all()} == {"20261121083000"}
    assert order_page(person, OrderFilters(search="M3")).orders == (placed[3],)
