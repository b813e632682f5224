"""Numbers each request, and lets no cache keep what was answered."""

from collections.abc import Callable
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

HEADER = "X-Request-ID"


class RequestIdMiddleware:
    """Sets `request.request_id`, a UUID of our own making, and echoes it.

    By it a person's complaint, a log line and an audit event can be laid together.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request under its number."""
        request_id: UUID = uuid4()
        request.request_id = request_id  # type: ignore[attr-defined]
        response = self.get_response(request)
        response[HEADER] = str(request_id)
        return response


class NothingKeptMiddleware:
    """Has browsers and proxies keep no answer, as most name people; a view that says otherwise is believed.

    On a computer that several share, the next one would read pages and answers of the API from the browser's cache.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        response = self.get_response(request)
        if "Cache-Control" not in response:
            add_never_cache_headers(response)
        return response
