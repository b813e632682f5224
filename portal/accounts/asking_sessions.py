"""Which browser session or API token a request comes from, for what lasts over many requests."""

from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request


def session_of(request: Request | HttpRequest) -> str:
    """The browser session or the API token that asks; never the secret itself."""
    token: Any = getattr(request, "auth", None)
    if token is not None:
        return f"token {token.pk}"
    return f"session {request.session.session_key}"
