"""Who may read the metrics."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def may_scrape(request: HttpRequest) -> bool:
    """True for a request of this machine that no proxy passed on, and for the bearer of METRICS_TOKEN."""
    return _is_of_this_machine(request) or _shows_token(request)


def _is_of_this_machine(request: HttpRequest) -> bool:
    # What a proxy on this machine passes on comes from its loopback too.
    if any(header in request.headers for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP")):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _shows_token(request: HttpRequest) -> bool:
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = settings.METRICS_TOKEN
    return bool(token) and hmac.compare_digest(shown.encode(), token.encode())
