"""Checks forms on pages that tell no referrer: browsers send those with the origin "null"."""

from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import decorator_from_middleware


class NullOriginCsrfMiddleware(CsrfViewMiddleware):
    """Django's check, in which the token of cookie and form alone decides where the origin says nothing.

    Fetch, "append a request Origin header": under the policy no-referrer the origin of a form is null.
    """

    def _origin_verified(self, request: HttpRequest) -> bool:
        return request.headers.get("Origin") == "null" or bool(super()._origin_verified(request))  # type: ignore[misc]


csrf_protected_without_origin = decorator_from_middleware(NullOriginCsrfMiddleware)
