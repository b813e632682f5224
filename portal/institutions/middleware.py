"""Tells which hat a person wears in a request: one of their roles in one institution."""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from portal.accounts.models import User
from portal.institutions.models import Membership
from portal.institutions.selectors import chosen_membership, running_memberships, worn_of

SESSION_KEY: Final = "hat"


class HatMiddleware:
    """Sets `request.memberships`, and `request.hat` of them, None when signed out.

    `request.hat_for` is for who signs in within the request, or is known by an API token.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request under its hat."""

        def hat_for(user: User) -> Membership | None:
            return chosen_membership(user, _chosen(request))

        named: Any = request
        named.hat_for = hat_for
        named.memberships = list(running_memberships(request.user)) if isinstance(request.user, User) else []
        named.hat = worn_of(named.memberships, _chosen(request))
        return self.get_response(request)


def _chosen(request: HttpRequest) -> int | None:
    chosen = request.session.get(SESSION_KEY)
    return chosen if isinstance(chosen, int) else None
