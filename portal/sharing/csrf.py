"""Checks forms on pages that tell no referrer: browsers send those with the origin "null"."""

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import decorator_from_middleware
from django.views.csrf import csrf_failure


class NullOriginCsrfMiddleware(CsrfViewMiddleware):
    """Django's check, in which the token of cookie and form alone decides where the origin says nothing.

    Fetch, "append a request Origin header": under the policy no-referrer the origin of a form is null.
    """

    def _origin_verified(self, request: HttpRequest) -> bool:
        return request.headers.get("Origin") == "null" or bool(super()._origin_verified(request))  # type: ignore[misc]

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        response = csrf_failure(request, reason)
        return without_log(response)


def without_log(response: HttpResponse) -> HttpResponse:
    """Keep Django from logging the address of what it refuses: the address holds the token."""
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response


csrf_protected_without_origin = decorator_from_middleware(NullOriginCsrfMiddleware)
