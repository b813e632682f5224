"""Lets the portal's pages, and no others, read answers from a browser (Fetch standard, CORS protocol)."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from dicomserver.dicomweb.problems import problem
from wire import problems

ALLOWED_METHODS: Final = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
# The last five are those of resumable uploads (tus 1.0).
ALLOWED_HEADERS: Final = (
    "Accept, Authorization, Content-Type, If-None-Match, If-Range, Range, Reason, "
    "Tus-Resumable, Upload-Checksum, Upload-Length, Upload-Metadata, Upload-Offset"
)
EXPOSED_HEADERS: Final = (
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Location, Content-Range, Deleted-Instances, "
    "Deleted-Kept-Until, ETag, Location, Retry-After, "
    "Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Expires, Upload-Length, "
    "Upload-Metadata, Upload-Offset, "
    "Warning, WWW-Authenticate"
)
# Chromium keeps a pre-flight for two hours at most.
MAX_AGE: Final = "7200"


class CorsMiddleware:
    """Answers pre-flights without a token, and adds the headers to every answer for the portal's origin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        origin = request.headers.get("Origin")
        allowed = origin in settings.PORTAL_ORIGINS
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = _preflight(request) if allowed else _refused_preflight()
        else:
            response = self._get_response(request)
            # No page may draw an answer into itself without CORS.
            response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        patch_vary_headers(response, ["Origin"])
        if allowed and origin:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        return response


def _preflight(request: HttpRequest) -> HttpResponseBase:
    response = HttpResponse(status=204)
    response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
    response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response.headers["Access-Control-Max-Age"] = MAX_AGE
    if request.headers.get("Access-Control-Request-Private-Network") == "true":
        # A public portal may reach a server in the hospital's own network.
        response.headers["Access-Control-Allow-Private-Network"] = "true"
    return response


def _refused_preflight() -> HttpResponseBase:
    return problem(
        403,
        problems.NOT_ALLOWED,
        "Another origin",
        "Only pages of the portal may read from this server or store to it.",
    )
