"""The administrator's page of access: what is asked for, what runs, what was opened without permission, and why."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.services import record_access_denied
from portal.access import services
from portal.access.explanations import explain_to_owner
from portal.access.forms import ApproveForm, ReasonForm, ReviewForm, WhyForm
from portal.access.selectors import (
    PAGE_SIZE,
    person_of_name,
    recent_openings,
    requests_to_decide,
    running_grants_at,
)
from portal.accounts.actors import actor_of, person_of
from portal.grants.conflicts import open_conflicts, reach_of
from portal.grants.errors import GrantRefused, NotYours
from portal.grants.guards import record_denied
from portal.grants.lookup import holdings_of_institutions
from portal.grants.models import Permission
from portal.grants.selectors import administered_institutions
from portal.grants.services import revoke_grant
from portal.institutions.guards import only_with
from portal.institutions.selectors import institutions_managed_by
from portal.studies.models import Study

_oversees = only_with("access.oversee", page="access")


@require_safe
@_oversees
@never_cache
def oversight(request: HttpRequest) -> HttpResponse:
    """What reaches into the institution's studies beyond the roles, and what waits for a decision."""
    person = person_of(request)
    now = timezone.now()
    owners = list(administered_institutions(person, now))
    context = {
        "institutions": institutions_managed_by(person),
        "requests": requests_to_decide(person)[:PAGE_SIZE],
        "openings": recent_openings(owners, now),
        "page": running_grants_at(owners, now, after=_key(request.GET.get("after", ""))),
        "conflicts": open_conflicts(reach_of(person)),
        "why": WhyForm(),
        "permissions": dict(Permission.choices),
        "now": now,
    }
    return render(request, "access/oversight.html", context)


@require_safe
@_oversees
@never_cache
def why(request: HttpRequest) -> HttpResponse:
    """Why somebody may or may not see a study of the institution; shows no picture and gives no token."""
    form = WhyForm(request.GET or None)
    context: dict[str, Any] = {"form": form, "found": [], "explanation": None}
    if form.is_bound and form.is_valid():
        person = person_of_name(form.cleaned_data["person"])
        owners = administered_institutions(request.user, timezone.now())
        found = holdings_of_institutions(owners, form.cleaned_data["study"])
        chosen = _chosen(found, form.cleaned_data["server"])
        # Who is known is told only about a study of one's own, and each guess is written.
        if not found or person is None:
            record_denied(request, tried="access_explained")
        if not found:
            form.add_error("study", _("Your institution has no study of this number."))
        elif person is None:
            form.add_error("person", _("Nobody here goes by this name. Check the e-mail address or user name."))
        elif chosen is not None:
            context["explanation"] = explain_to_owner(actor=actor_of(request), person=person, study=chosen)
        context["found"] = [] if chosen else found
    return render(request, "access/why.html", context)


@require_POST
@_oversees
def approve(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Give what was asked for, or less of it."""
    form = ApproveForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was decided: choose at least one right and a day."))
        return redirect("access:oversight")

    def decide() -> str:
        decided = services.approve_request(
            actor=actor_of(request),
            administrator=person_of(request),
            request_id=request_id,
            permissions=tuple(form.cleaned_data["permissions"]),
            valid_until=form.until,
        )
        return _("%(person)s can see it now.") % {"person": decided.requester.full_name}

    return _changed(request, decide, tried="access_request")


@require_POST
@_oversees
def decline(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Say no, and why."""
    form = ReasonForm(request.POST)

    def decide() -> str:
        decided = services.decline_request(
            actor=actor_of(request),
            administrator=person_of(request),
            request_id=request_id,
            reason=form.cleaned_data["reason"] if form.is_valid() else "",
        )
        return _("%(person)s was told no.") % {"person": decided.requester.full_name}

    return _changed(request, decide, tried="access_request")


@require_POST
@_oversees
def revoke(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Take access back that reaches into the institution."""

    def change() -> str:
        grant = revoke_grant(actor=actor_of(request), revoker=person_of(request), grant_id=grant_id)
        return _("%(person)s cannot see it any more.") % {"person": grant.recipient_words}

    return _changed(request, change, tried="revoke_access")


@require_POST
@_oversees
def review(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Mark an opening as looked into."""
    form = ReviewForm(request.POST)

    def change() -> str:
        services.review_break_glass(
            actor=actor_of(request),
            administrator=person_of(request),
            grant_id=grant_id,
            note=form.cleaned_data["note"] if form.is_valid() else "",
        )
        return _("The opening is marked as reviewed.")

    return _changed(request, change, tried="break_glass")


def _changed(request: HttpRequest, change: Callable[[], str], *, tried: str) -> HttpResponse:
    """Make the change and say what happened; what is not theirs to change does not exist for them."""
    try:
        messages.success(request, change())
    except NotYours as error:
        record_access_denied(actor=actor_of(request), tried=tried)
        raise Http404 from error
    except GrantRefused as error:
        messages.error(request, str(error))
    return redirect("access:oversight")


def _chosen(found: list[Study], server: UUID | None) -> Study | None:
    """The one study that is meant; None where several are."""
    fitting = [study for study in found if server is None or study.server_id == server]
    return fitting[0] if len(fitting) == 1 else None


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
