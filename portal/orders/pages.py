"""The pages on which an institution looks through its orders, opens one, and takes one back."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.services import record_order_act
from portal.accounts.actors import actor_of, person_of
from portal.accounts.national_ids import compact
from portal.grants.errors import NotYours
from portal.grants.guards import for_studies, record_denied
from portal.grants.policy import sight_of
from portal.orders.errors import OrderRefused
from portal.orders.forms import CancelOrderForm, OrderFilterForm
from portal.orders.lists import Count, OrderFilters, OrderPage, count_orders, order_page, parse_place
from portal.orders.models import Order
from portal.orders.presentation import ShownOrder
from portal.orders.selectors import is_open, ordering_institutions, orders_of
from portal.orders.services import cancel_order

TRIED: Final = "orders"


@require_safe
@for_studies(tried=TRIED)
def order_list(request: HttpRequest) -> HttpResponse:
    """The orders of the person's institutions, the last due first; the rows alone when the page asks for more."""
    person = person_of(request)
    if not ordering_institutions(person).exists():
        record_denied(request, tried=TRIED)
        raise Http404
    form = OrderFilterForm(request.GET)
    if form.is_valid():
        filters, place = form.filters, parse_place(request.GET.get("after", ""))
        page, count = order_page(person, filters, place), count_orders(person, filters)
    else:
        filters, page, count = OrderFilters(), OrderPage((), None), Count(0, is_exact=True)
    _record_look(request, filters, len(page.orders))
    context: dict[str, Any] = {
        "orders": [ShownOrder(order) for order in page.orders],
        "next_url": _next_url(request, page),
        "form": form,
        "search": request.GET.get("search", ""),
        "is_filtered": bool(filters.set_ones),
        "count": count,
        "now": timezone.localtime(),
    }
    is_part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    response = render(request, "orders/_rows.html" if is_part else "orders/list.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@for_studies(tried=TRIED)
def order_page_of(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """One order: steps, who sent it, what was done, and the study that it became."""
    return _one(request, _found(request, order_id, tried=TRIED), CancelOrderForm())


@require_POST
@for_studies(tried="cancel_order")
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Take an order back that nobody has begun, or say why it cannot be."""
    order = _found(request, order_id, tried="cancel_order")
    form = CancelOrderForm(request.POST)
    if not form.is_valid():
        return _one(request, order, form, status=422)
    try:
        cancel_order(
            actor=actor_of(request),
            person=person_of(request),
            order_pk=order_id,
            reason=form.cleaned_data["reason"],
        )
    except NotYours as error:
        record_denied(request, tried="cancel_order")
        raise Http404 from error
    except OrderRefused as error:
        form.add_error(None, str(error))
        return _one(request, _found(request, order_id, tried="cancel_order"), form, status=error.status)
    messages.success(request, _("The order is taken back. It leaves the worklist of the modality within seconds."))
    return redirect("orders:order", order_id=order_id)


def _found(request: HttpRequest, order_id: UUID, *, tried: str) -> Order:
    order = orders_of(person_of(request)).filter(pk=order_id).first()
    if order is None:
        record_denied(request, tried=tried)
        raise Http404
    return order


def _one(request: HttpRequest, order: Order, form: CancelOrderForm, *, status: int = 200) -> HttpResponse:
    record_order_act(
        actor=actor_of(request),
        act="read",
        server_id=str(order.server_id),
        institution=order.server.institution.short_name,
        study_instance_uid=order.study_instance_uid,
        patient_identifiers=[order.patient_id],
        details={"order_id": str(order.pk)},
    )
    held = sight_of(request.user).holding(order.study_instance_uid, str(order.server_id))
    context = {
        "o": ShownOrder(order),
        "order": order,
        "study": held[0] if held else None,
        "form": form if is_open(order) else None,
    }
    return render(request, "orders/detail.html", context, status=status)


def _record_look(request: HttpRequest, filters: OrderFilters, shown: int) -> None:
    """Write who looked through the orders; of what was typed about a patient an identifier alone is kept."""
    asked = {name: "…" if name == "search" else str(value) for name, value in filters.set_ones.items()}
    has_number = any(character.isdigit() for character in filters.search)
    record_order_act(
        actor=actor_of(request),
        act="read",
        patient_identifiers=[compact(filters.search)] if has_number else [],
        details={"filters": asked, "results": shown},
    )


def _next_url(request: HttpRequest, page: OrderPage) -> str:
    if page.next is None:
        return ""
    query = request.GET.copy()
    query["after"] = str(page.next)
    return f"{reverse('orders:list')}?{query.urlencode()}"
