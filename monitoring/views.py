"""Heartbeats in; console, health and metrics out."""

import logging

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_safe
from prometheus_client import CONTENT_TYPE_LATEST
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.console import console_of
from monitoring.guards import may_scrape
from monitoring.metrics import metrics_text
from monitoring.selectors import watched_servers
from monitoring.services import take_in_heartbeat
from portal.accounts.actors import person_of
from portal.accounts.guards import open_to
from portal.institutions.guards import only_with
from portal.servers.views import SignedView, signed_message, signing_server
from wire.heartbeats import Heartbeat

logger = logging.getLogger(__name__)


class HeartbeatsView(SignedView):
    """POST a Heartbeat; the answer brings the portal's keys and what is revoked."""

    def post(self, request: Request) -> Response:
        """Answer 200 with a HeartbeatAnswer."""
        heartbeat = signed_message(request, Heartbeat)
        answer = take_in_heartbeat(server=signing_server(request), heartbeat=heartbeat, received_at=timezone.now())
        return Response(answer.model_dump(mode="json"))


@require_GET
@only_with("monitoring.view_console", page="console")
def console(request: HttpRequest) -> HttpResponse:
    """Show how the servers are that the person watches over; the page asks again for its parts by itself."""
    template = "monitoring/_parts.html" if request.htmx else "monitoring/console.html"  # type: ignore[attr-defined]
    response = render(request, template, {"console": console_of(watched_servers(person_of(request)))})
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@open_to("everybody: tells no more than that the process runs")
def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The process answers."""
    return JsonResponse({"live": True})


@require_safe
@open_to("everybody: tells no more than what cannot be reached")
def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The portal can do its work: 503 where the database or Redis cannot be reached."""
    checks = {"database": _database_answers(), "redis": _redis_answers()}
    return JsonResponse({"ready": all(checks.values()), **checks}, status=200 if all(checks.values()) else 503)


@require_safe
@open_to("this machine, or the bearer of METRICS_TOKEN")
def metrics(request: HttpRequest) -> HttpResponse:
    """Metrics for Prometheus, for this machine or the bearer of METRICS_TOKEN."""
    if not may_scrape(request):
        raise Http404
    return HttpResponse(metrics_text(), content_type=CONTENT_TYPE_LATEST)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.warning("The database cannot be reached.")
        return False
    return True


def _redis_answers() -> bool:
    try:
        cache.get("health")
    except RedisError:
        logger.warning("Redis cannot be reached.")
        return False
    return True
