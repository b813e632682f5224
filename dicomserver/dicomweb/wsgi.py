"""The web process as granian loads it: the application, and the threads that accompany it."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dicomserver.settings.development")

# Sets Django up, which what follows needs.
_django = get_wsgi_application()

from dicomserver.dicomweb.lifetime import end_with_parent  # noqa: E402
from dicomserver.dicomweb.records import start_writing  # noqa: E402


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request; what is in memory as a list, which granian sends in one step and without asking back."""
    response = _django(environ, start_response)
    if not isinstance(response, HttpResponse):
        return response
    content = response.content
    response.close()
    return [content]


start_writing()
end_with_parent()
