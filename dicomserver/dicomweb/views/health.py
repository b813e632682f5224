"""Health and metrics: for supervisors and Prometheus, without a token and without patient data."""

import ipaddress
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from dicomserver.dicomweb.admission import answered, remote_address_of
from dicomserver.dicomweb.metrics import exposition
from dicomserver.dicomweb.problems import Refused
from dicomserver.dicomweb.readiness import readiness
from wire import problems


def live(request: HttpRequest) -> HttpResponseBase:
    """The process answers."""
    return answered(request, lambda: _uncached(JsonResponse({"status": "live"})))


def ready(request: HttpRequest) -> HttpResponseBase:
    """Whether this server can do its work, check by check; 503 where it cannot."""
    return answered(request, _ready)


def metrics(request: HttpRequest) -> HttpResponseBase:
    """Prometheus metrics, for scrapers in the server's own network."""
    return answered(request, lambda: _metrics(request))


def _ready() -> HttpResponse:
    checks = readiness()
    is_ready = all(check == "ok" for check in checks.values())
    content: dict[str, Any] = {"status": "ready" if is_ready else "not ready", "checks": checks}
    return _uncached(JsonResponse(content, status=200 if is_ready else 503))


def _metrics(request: HttpRequest) -> HttpResponse:
    if not _is_near(remote_address_of(request)):
        raise Refused(404, problems.NOT_FOUND, "Not found", "There is nothing at this address.")
    content, content_type = exposition()
    return _uncached(HttpResponse(content, content_type=content_type))


def _is_near(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False


def _uncached(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    return response
