"""How the person of a session signed in: each backend may say what the audit calls it."""

from typing import Final

from django.contrib.auth import BACKEND_SESSION_KEY
from django.http import HttpRequest
from django.utils.module_loading import import_string

PASSWORD: Final = "password"  # noqa: S105 - the name of the method


def sign_in_method(request: HttpRequest) -> str:
    """Return the `method` of the backend that signed the person of this session in; "" where nobody is."""
    path = request.session.get(BACKEND_SESSION_KEY)
    return str(getattr(import_string(path), "method", PASSWORD)) if path else ""
