"""`/api/v1/orders/`: what is to be done for whom, for the systems and people of the institution that does it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from audit.services import record_order_act
from portal.accounts.actors import actor_of
from portal.accounts.api_door import AuditedDoor
from portal.accounts.models import User
from portal.accounts.pagination import PlacePagination
from portal.accounts.problems import ProblemError
from portal.grants.errors import NotYours
from portal.orders.errors import OrderRefused, ServerNotChosen
from portal.orders.filters import FILTERS, narrowed
from portal.orders.models import Order
from portal.orders.selectors import ordering_institutions, ordering_servers, orders_of
from portal.orders.serializers import (
    CancelOrderSerializer,
    ImagingOrderSerializer,
    OrderContentSerializer,
    PlaceOrderSerializer,
    changed_order,
    shown_order,
)
from portal.orders.services import cancel_order, change_order, place_order
from portal.servers.models import DicomServer

GUARD = "signed in, and orders_of"


class OrderPagination(PlacePagination):
    """Newest first."""

    ordering = ("-ordered_at", "-id")


class OrdersGuard(AuditedDoor):
    """Signed in, or 401; radiologists and administrators of an institution, to others there is nothing."""

    guard = GUARD
    tried = "orders"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Turn away who has no say in any institution's orders."""
        super().initial(request, *args, **kwargs)
        if not ordering_institutions(self.person).exists():
            raise self.nothing_here()

    @property
    def person(self) -> User:
        """Whoever asks."""
        user: Any = self.request.user
        return user  # type: ignore[no-any-return]

    def nothing_here(self) -> NotFound:
        """Write who tried to reach what is not theirs; the answer to give is returned."""
        self.record_denied()
        return NotFound()

    def carried_out(self, act: Callable[[], Order]) -> Response:
        """Do it, and show the order; what cannot be done is a problem."""
        try:
            order = act()
        except NotYours as error:
            raise self.nothing_here() from error
        except OrderRefused as error:
            raise ProblemError(error.status, error.code, str(error)) from error
        return Response(ImagingOrderSerializer(shown_order(order)).data)


class OrderListView(OrdersGuard, generics.GenericAPIView[Order]):
    """Orders of the caller's institutions."""

    serializer_class = ImagingOrderSerializer
    pagination_class = OrderPagination
    queryset = Order.objects.none()

    @extend_schema(
        operation_id="orders_list", tags=["orders"], parameters=FILTERS, responses=ImagingOrderSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """One page of orders, newest first."""
        found = narrowed(orders_of(self.person), request.query_params)
        page = self.paginate_queryset(found) or []
        filters = {name: value for name, value in request.query_params.items() if name not in {"cursor", "page_size"}}
        record_order_act(actor=actor_of(request), act="read", details={"filters": filters, "results": len(page)})
        shown = [shown_order(order) for order in page]
        return self.get_paginated_response(ImagingOrderSerializer(shown, many=True).data)

    @extend_schema(
        operation_id="orders_create",
        tags=["orders"],
        request=PlaceOrderSerializer,
        responses={201: ImagingOrderSerializer},
    )
    def post(self, request: Request) -> Response:
        """Place an order; it stands in the modality worklist of its DICOM Server within seconds.

        The same order again, under the same placer order number, is answered with the one that there is.
        """
        self.tried = "place_order"
        asked = PlaceOrderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        server = self._server(wanted.pop("server", None))
        try:
            order = place_order(actor=actor_of(request), person=self.person, server=server, asked=wanted)
        except OrderRefused as error:
            raise ProblemError(error.status, error.code, str(error)) from error
        return Response(ImagingOrderSerializer(shown_order(order)).data, status=201)

    def _server(self, named: UUID | None) -> DicomServer:
        servers = list(ordering_servers(self.person))
        if named is None:
            if len(servers) != 1:
                error = ServerNotChosen()
                raise ProblemError(error.status, error.code, str(error))
            return servers[0]
        found = next((server for server in servers if server.pk == named), None)
        if found is None:
            raise self.nothing_here()
        return found


class OrderDetailView(OrdersGuard):
    """One order."""

    @extend_schema(operation_id="orders_retrieve", tags=["orders"], responses=ImagingOrderSerializer)
    def get(self, request: Request, order_id: UUID) -> Response:
        """The order, and where it stands."""
        order = orders_of(self.person).filter(pk=order_id).first()
        if order is None:
            raise self.nothing_here()
        record_order_act(
            actor=actor_of(request),
            act="read",
            server_id=str(order.server_id),
            institution=order.server.institution.short_name,
            study_instance_uid=order.study_instance_uid,
            patient_identifiers=[order.patient_id],
            details={"order_id": str(order.pk)},
        )
        return Response(ImagingOrderSerializer(shown_order(order)).data)

    @extend_schema(
        operation_id="orders_update",
        tags=["orders"],
        request=OrderContentSerializer,
        responses={200: ImagingOrderSerializer},
    )
    def patch(self, request: Request, order_id: UUID) -> Response:
        """Change an order that nobody has begun. What is not named stays; of the patient too; steps are given all."""
        self.tried = "change_order"
        if not isinstance(request.data, dict):
            raise ValidationError({"patient": ["This is no order."]})
        changes = dict(request.data)
        return self.carried_out(
            lambda: change_order(
                actor=actor_of(request),
                person=self.person,
                order_pk=order_id,
                changed=lambda order: _with_changes(order, changes),
            )
        )


class CancelOrderView(OrdersGuard):
    """The end of an order before its begin."""

    tried = "cancel_order"

    @extend_schema(
        operation_id="orders_cancel",
        tags=["orders"],
        request=CancelOrderSerializer,
        responses={200: ImagingOrderSerializer},
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Take an order back that nobody has begun; it leaves the modality worklist within seconds.

        The reason stands on the order's page and in the audit log. An order that was cancelled already stays as it is.
        """
        asked = CancelOrderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        reason = asked.validated_data["reason"]
        return self.carried_out(
            lambda: cancel_order(actor=actor_of(request), person=self.person, order_pk=order_id, reason=reason)
        )


def _with_changes(order: Order, changes: dict[str, Any]) -> dict[str, Any]:
    asked = changed_order(order, changes)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)
