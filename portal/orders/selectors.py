"""Reads of orders: those of a person's institutions, and what a server has still to fetch."""

from uuid import UUID

from django.db.models import Q, QuerySet

from portal.accounts.models import User
from portal.institutions.models import Institution, Role
from portal.institutions.selectors import running_memberships
from portal.orders.models import Order, OrderFeed, Origin, State
from portal.servers.models import DicomServer
from portal.servers.selectors import servers_of
from wire.orders import Order as WireOrder
from wire.orders import OrderPatient, ScheduledStep

ORDERING_ROLES = (Role.RADIOLOGIST, Role.INSTITUTION_ADMINISTRATOR)


def ordering_institutions(person: User) -> QuerySet[Institution]:
    """The institutions whose orders a person reads and writes."""
    held = running_memberships(person).filter(role__in=ORDERING_ROLES)
    return Institution.objects.filter(pk__in=held.values("institution"))


def ordering_servers(person: User) -> QuerySet[DicomServer]:
    """The DICOM Servers for which a person may place orders."""
    return servers_of(ordering_institutions(person)).order_by("name", "pk")


def orders_of(person: User) -> QuerySet[Order]:
    """The orders that a person may read, with what a reader of them is shown."""
    orders = Order.objects.filter(server__institution__in=ordering_institutions(person))
    return orders.select_related("server__institution", "ordered_by", "cancelled_by").defer("search_vector")


def is_open(order: Order) -> bool:
    """Whether the order may be changed here: it was placed here, and nobody has begun."""
    return order.origin == Origin.PORTAL and order.state == State.SCHEDULED


def order_to_change(person: User, order_pk: UUID) -> Order | None:
    """One of the person's orders, its row locked until the transaction ends."""
    return orders_of(person).select_for_update(of=("self",)).filter(pk=order_pk).first()


def order_placed(server: DicomServer, placer_order_number: str) -> Order | None:
    """The order that was placed here under the number."""
    orders = Order.objects.select_related("server__institution", "ordered_by")
    return orders.filter(server=server, placer_order_number=placer_order_number, origin=Origin.PORTAL).first()


def reported_order_to_change(server: DicomServer, order_id: UUID) -> Order | None:
    """The order that a server calls so, locked."""
    return Order.objects.select_for_update().filter(server=server, order_id=order_id).first()


def orders_revision(server: DicomServer) -> int | None:
    """Up to which change there are orders for the server; None where there never was one."""
    return OrderFeed.objects.filter(server=server).values_list("revision", flat=True).first()


def orders_after(server: DicomServer, revision: int, at_most: int) -> list[Order]:
    """The orders that changed after the revision, the longest ago first."""
    changed = Order.objects.filter(Q(revision__gt=revision), server=server, origin=Origin.PORTAL)
    return list(changed.order_by("revision")[:at_most])


def as_wire(order: Order) -> WireOrder:
    """The order as it travels."""
    content = order.content
    return WireOrder.model_validate(
        {
            **{name: value for name, value in content.items() if name not in {"patient", "steps"}},
            "order_id": order.order_id,
            "revision": order.revision,
            "is_cancelled": order.is_cancelled,
            "patient": OrderPatient.model_validate(content["patient"], strict=False),
            "steps": tuple(ScheduledStep.model_validate(step, strict=False) for step in content["steps"]),
        },
        strict=False,
    )
