"""Keyset paging of studies for programs: `cursor`, `ordering`, `page_size` in, links out."""

from typing import Any, Final

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from portal.worklist.cursors import Cursor, InvalidCursor, decode, encode
from portal.worklist.orders import COLUMNS, NEWEST_FIRST, Order, UnknownOrder, parse_order
from portal.worklist.paging import page_of

DEFAULT_SIZE: Final = 50
LARGEST_SIZE: Final = 200
_PARAMETERS: Final = (
    ("cursor", "The place in the list, from `next` or `previous`.", {"type": "string"}),
    (
        "ordering",
        "What to sort by, with - before it for the other direction.",
        {"type": "string", "enum": [f"{sign}{name}" for name in COLUMNS for sign in ("", "-")]},
    ),
    ("page_size", "How many studies a page holds.", {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE}),
)


class StudyPagination(BasePagination):
    """Pages by the key of their last row."""

    def __init__(self) -> None:
        self.order: Order = NEWEST_FIRST
        self.next: str | None = None
        self.previous: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> Any:  # noqa: ARG002
        """The studies of the page that the address asks for; what cannot be read is refused."""
        query = request.query_params
        try:
            self.order = parse_order(query.get("ordering", ""))
            cursor = decode(query["cursor"], order=str(self.order)) if query.get("cursor") else None
        except UnknownOrder as error:
            raise ValidationError({"ordering": [str(error)]}) from error
        except InvalidCursor as error:
            raise ValidationError({"cursor": [str(error)]}) from error
        page = page_of(queryset, self.order, _size(query.get("page_size", "")), cursor)
        self.next = _link(request, page.next)
        self.previous = _link(request, page.previous)
        return list(page.studies)

    def get_paginated_response(self, data: Any) -> Response:
        """The page between its links."""
        return Response({"next": self.next, "previous": self.previous, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The shape of a page."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:  # noqa: ARG002
        """The parameters of the address."""
        return [
            {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
            for name, description, schema in _PARAMETERS
        ]


def _size(text: str) -> int:
    if not text:
        return DEFAULT_SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LARGEST_SIZE):
        raise ValidationError({"page_size": [f"Give a whole number from 1 to {LARGEST_SIZE}."]})
    return int(text)


def _link(request: Request, cursor: Cursor | None) -> str | None:
    here = remove_query_param(request.build_absolute_uri(), "cursor")
    return replace_query_param(here, "cursor", encode(cursor)) if cursor else None
