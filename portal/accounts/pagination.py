"""Cursor paging of lists for programs, in which a made-up cursor leads nowhere instead of breaking the page."""

from datetime import UTC, timedelta
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

# PostgreSQL takes no moment that is further from UTC.
_FURTHEST: Final = timedelta(hours=15, minutes=59)


class PlacePagination(CursorPagination):
    """Pages of 50, up to 200, in the order of a moment."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Any:
        """The cursor, None where there is none. Raises NotFound for one whose position is no place."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not self.is_place(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def is_place(self, position: str) -> bool:
        """True for a moment with its zone."""
        try:
            moment = parse_datetime(position)
            displacement = moment.utcoffset() if moment else None
            if moment is None or displacement is None or abs(displacement) > _FURTHEST:
                return False
            return bool(moment.astimezone(UTC))
        except (ValueError, OverflowError):
            return False
