"""Ends sessions that nobody uses, or that have lasted long enough, by the strictest role that the person holds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.activity import began_at, last_act_at, note_act
from portal.accounts.models import Kind, User
from portal.accounts.problems import wants_problem
from portal.institutions.models import Role

OTHERS: Final = "default"
# A page asks these by itself, while perhaps nobody sits before it.
ASKED_BY_PAGES: Final = frozenset({"worklist:new", "session_left"})
_PAGES_THAT_RENEW_THEMSELVES: Final = frozenset({"console"})
_RENEWED_BY_VIEWERS: Final = "viewer_api:token"
UNATTENDED: Final = "unattended"
"""With this in its address a viewer says that it renews its token while nobody touches it."""


@dataclass(frozen=True)
class SessionLimit:
    """How long a session lasts without an act, and how long in all."""

    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True)
class SessionEnd:
    """When this session ends if nothing is done."""

    idle_at: datetime
    absolute_at: datetime

    @property
    def at(self) -> datetime:
        """The earlier of both."""
        return min(self.idle_at, self.absolute_at)

    @property
    def seconds_left(self) -> int:
        """Until then; 0 where it has passed."""
        return max(0, int((self.at - timezone.now()).total_seconds()))

    @property
    def may_stay(self) -> bool:
        """True where doing something would keep the session longer."""
        return self.idle_at < self.absolute_at


@lru_cache(maxsize=8)
def parse_limits(words: tuple[str, ...]) -> dict[str, SessionLimit]:
    """Read `role=idle/absolute` in minutes, with `default` for all others. Raises ValueError."""
    limits = {}
    for word in words:
        role, _equals, minutes = word.partition("=")
        idle, _slash, absolute = minutes.partition("/")
        if role != OTHERS and role not in Role.values:
            raise ValueError(f"{role!r} is no role")
        limit = SessionLimit(timedelta(minutes=int(idle)), timedelta(minutes=int(absolute)))
        if not timedelta(minutes=5) <= limit.idle <= limit.absolute:
            raise ValueError(f"{word!r}: idle is at least 5 minutes, and not more than absolute")
        limits[role] = limit
    if OTHERS not in limits:
        raise ValueError(f"{OTHERS!r} is missing")
    return limits


def limit_for(roles: set[str]) -> SessionLimit:
    """The strictest of the roles that somebody holds."""
    limits = parse_limits(tuple(settings.SESSION_LIMITS))
    held = [limits.get(role, limits[OTHERS]) for role in roles] or [limits[OTHERS]]
    return SessionLimit(min(one.idle for one in held), min(one.absolute for one in held))


class SessionLimitsMiddleware:
    """Signs out who was away too long; `request.session_end` tells how long is left. Stands after HatMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as for somebody signed out where the session has ended."""
        named: Any = request
        # Whoever came by a share link has a shorter clock of their own, and no account to come back to.
        if isinstance(request.user, User) and request.user.kind == Kind.PERSON:
            limit = limit_for({membership.role for membership in named.memberships})
            if _end_of(request, limit).at <= timezone.now():
                _sign_out(request)
            else:
                named.session_end = lambda: _end_of(request, limit)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, arguments: Any, named: Any) -> None:  # noqa: ARG002
        """Count the request as an act, unless the page made it by itself."""
        if isinstance(request.user, User) and not _is_made_by_a_page(request):
            note_act(request)


def _end_of(request: HttpRequest, limit: SessionLimit) -> SessionEnd:
    return SessionEnd(last_act_at(request) + limit.idle, began_at(request) + limit.absolute)


def _is_made_by_a_page(request: HttpRequest) -> bool:
    name = request.resolver_match.view_name if request.resolver_match else ""
    by_htmx = request.headers.get("HX-Request") == "true"
    if name == _RENEWED_BY_VIEWERS and request.GET.get(UNATTENDED) == "true":
        return True
    return name in ASKED_BY_PAGES or (by_htmx and name in _PAGES_THAT_RENEW_THEMSELVES)


def _sign_out(request: HttpRequest) -> None:
    logout(request)
    named: Any = request
    named.hat = None
    named.memberships = []
    if not wants_problem(request):
        messages.info(request, _("You were signed out because the session had ended. Sign in to go on where you were."))
