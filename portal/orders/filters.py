"""The filters of `/api/v1/orders/`."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.dateparse import parse_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError

from portal.orders.models import Order, State

FILTERS: Final = [
    OpenApiParameter("state", OpenApiTypes.STR, enum=State.values, description="Where the order stands."),
    OpenApiParameter("server", OpenApiTypes.UUID, description="Orders for this DICOM Server."),
    OpenApiParameter("modality", OpenApiTypes.STR, description="Orders with a step of this modality."),
    OpenApiParameter("patient_id", OpenApiTypes.STR),
    OpenApiParameter("accession_number", OpenApiTypes.STR),
    OpenApiParameter("placer_order_number", OpenApiTypes.STR),
    OpenApiParameter("study_instance_uid", OpenApiTypes.STR),
    OpenApiParameter("scheduled_after", OpenApiTypes.DATE, description="First step on this day or later."),
    OpenApiParameter("scheduled_before", OpenApiTypes.DATE, description="First step on this day or earlier."),
]
_PAGING: Final = frozenset({"cursor", "page_size"})
_TEXTS: Final = ("patient_id", "accession_number", "placer_order_number", "study_instance_uid")
_LONGEST: Final = 256


def narrowed(orders: QuerySet[Order], asked: Mapping[str, Any]) -> QuerySet[Order]:
    """The orders that fit. Raises ValidationError for a filter that is unknown or cannot be read."""
    known = _PAGING | {parameter.name for parameter in FILTERS}
    unknown = sorted(set(asked) - known)
    if unknown:
        words = f"There is no such filter; these are: {', '.join(sorted(known))}."
        raise ValidationError({name: [words] for name in unknown})
    for name in _TEXTS:
        if name in asked:
            orders = orders.filter(**{name: _text(name, asked[name])})
    if "state" in asked:
        if asked["state"] not in State.values:
            raise ValidationError({"state": [f"Choose one of {', '.join(State.values)}."]})
        orders = orders.filter(state=asked["state"])
    if "modality" in asked:
        orders = orders.filter(modalities__contains=[_text("modality", asked["modality"])[:16]])
    if "server" in asked:
        orders = orders.filter(server_id=_server(asked["server"]))
    for name, lookup in (("scheduled_after", "gte"), ("scheduled_before", "lte")):
        if name in asked:
            orders = orders.filter(**{f"scheduled_on__{lookup}": _day(name, asked[name])})
    return orders


def _text(name: str, text: str) -> str:
    if "\0" in text or len(text) > _LONGEST:
        raise ValidationError({name: ["This cannot be looked for."]})
    return text


def _server(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ValidationError({"server": ["This is no ID of a server."]}) from error


def _day(name: str, text: str) -> Any:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise ValidationError({name: ["This is no day, such as 2026-11-21."]})
    return day
