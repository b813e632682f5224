"""Home, and the hat that one wears."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from audit.services import record_access_denied
from portal.accounts.actors import actor_of, person_of
from portal.accounts.guards import only_signed_in
from portal.institutions.context import home_of
from portal.institutions.middleware import SESSION_KEY
from portal.institutions.selectors import running_memberships


@require_GET
@only_signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Lead to where the hat begins."""
    return redirect(home_of(request.hat))  # type: ignore[attr-defined]


@require_POST
@only_signed_in
def switch_hat(request: HttpRequest) -> HttpResponse:
    """Put on another of one's own hats."""
    chosen = request.POST.get("membership", "")
    held = [membership for membership in running_memberships(person_of(request)) if str(membership.pk) == chosen]
    if not held:
        record_access_denied(actor=actor_of(request), tried="hat")
        raise Http404
    request.session[SESSION_KEY] = held[0].pk
    return redirect(home_of(held[0]))
