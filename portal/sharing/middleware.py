"""Keeps the holders of share links to their one study, as long as their stay lasts."""

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from audit.services import record_access_denied
from portal.accounts.actors import actor_of, person_of
from portal.accounts.problems import problem_response, wants_problem
from portal.sharing.stays import is_holder, runs_on
from wire.problems import NOT_FOUND

# What is not named here does not exist for them; the views behind these ask the policy themselves.
OPEN_TO_HOLDERS: Final = frozenset(
    {
        "home",
        "account_logout",
        "set_theme",
        "choose_language",
        "sharing:open",
        "worklist:list",
        "worklist:new",
        "worklist:panel",
        "worklist:study",
        "viewer:page",
        "worklist_api:studies",
        "worklist_api:study",
        "viewer_api:token",
        "viewer_api:taken_out",
    }
)
_LEADING_OUT: Final = frozenset({"account_logout", "sharing:open"})
"""Work whether the stay lasts or not."""


class LinkHolderMiddleware:
    """Answers 404, with one audit event, what is not for holders; and everything once their stay is over."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],  # noqa: ARG002
        args: tuple[Any, ...],  # noqa: ARG002
        kwargs: dict[str, Any],  # noqa: ARG002
    ) -> HttpResponse | None:
        """Let the view answer, or answer in its place."""
        if not is_holder(request.user):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in _LEADING_OUT:
            return None
        if not runs_on(request, person_of(request)):
            record_access_denied(actor=actor_of(request), tried="share_link")
            return _ended(request)
        if name not in OPEN_TO_HOLDERS:
            record_access_denied(actor=actor_of(request), tried="beyond_share_link")
            raise Http404
        return None


def _ended(request: HttpRequest) -> HttpResponse:
    # The session goes without a sign-out, which would be an act of theirs.
    request.session.flush()
    if wants_problem(request):
        return problem_response(404, NOT_FOUND)
    return render(request, "sharing/ended.html", {"theme": "light"}, status=404)
