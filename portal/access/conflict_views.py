"""Pages on which administrators settle national IDs under which institutions describe different people."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.services import record_access_denied, record_identity_conflict_opened
from portal.access.forms import RulingForm
from portal.access.selectors import PAGE_SIZE
from portal.accounts.actors import actor_of, person_of
from portal.accounts.models import NationalIdentity
from portal.grants.conflicts import conflict_lines, conflict_of, reach_of
from portal.grants.errors import GrantRefused, NotYours
from portal.grants.rulings import rule_on_description, undo_ruling
from portal.institutions.guards import only_with

TRIED = "identity_conflicts"
_settles = only_with("access.settle_identities", page=TRIED)


@require_safe
@_settles
@never_cache
def conflicts(request: HttpRequest) -> HttpResponse:
    """The national IDs in question, the settled ones too."""
    before = request.GET.get("before", "")
    is_key = before.isascii() and before.isdigit() and len(before) <= 18
    lines = conflict_lines(reach_of(person_of(request)), before=int(before) if is_key else None, size=PAGE_SIZE + 1)
    shown = lines[:PAGE_SIZE]
    context = {"lines": shown, "next": shown[-1].identity.pk if len(lines) > PAGE_SIZE else None}
    return render(request, "access/conflicts.html", context)


@require_safe
@_settles
@never_cache
def conflict(request: HttpRequest, identity_pk: int) -> HttpResponse:
    """The descriptions under one national ID, side by side."""
    found = conflict_of(reach_of(person_of(request)), identity_pk)
    if found is None:
        raise _absent(request)
    record_identity_conflict_opened(
        actor=actor_of(request),
        issuer=found.identity.issuer,
        national_id=found.identity.national_id,
        results=len(found.descriptions),
    )
    return render(request, "access/conflict.html", {"conflict": found, "identity": found.identity})


@require_POST
@_settles
def rule(request: HttpRequest, identity_pk: int, patient_pk: int) -> HttpResponse:
    """Say that a description is of the bearer, or of somebody else."""
    form = RulingForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: say who it is, and how you know."))
        return redirect("access:conflict", identity_pk)

    def change(identity: NationalIdentity) -> str:
        ruling = rule_on_description(
            actor=actor_of(request),
            administrator=person_of(request),
            identity=identity,
            patient_pk=patient_pk,
            is_the_bearer=form.cleaned_data["is_the_bearer"],
            reason=form.cleaned_data["reason"],
        )
        if ruling.is_the_bearer:
            return _("This description counts as the bearer of the ID now.")
        return _("This description counts as somebody else now.")

    return _changed(request, identity_pk, change)


@require_POST
@_settles
def undo(request: HttpRequest, identity_pk: int, patient_pk: int) -> HttpResponse:
    """Take a ruling back."""

    def change(identity: NationalIdentity) -> str:
        undo_ruling(actor=actor_of(request), administrator=person_of(request), identity=identity, patient_pk=patient_pk)
        return _("The ruling is undone.")

    return _changed(request, identity_pk, change)


def _changed(request: HttpRequest, identity_pk: int, change: Callable[[NationalIdentity], str]) -> HttpResponse:
    found = conflict_of(reach_of(person_of(request)), identity_pk)
    if found is None:
        raise _absent(request)
    try:
        messages.success(request, change(found.identity))
    except NotYours as error:
        raise _absent(request) from error
    except GrantRefused as error:
        messages.error(request, str(error))
    return redirect("access:conflict", identity_pk)


def _absent(request: HttpRequest) -> Http404:
    """Write who tried what is not theirs; the answer to give is returned."""
    record_access_denied(actor=actor_of(request), tried=TRIED)
    return Http404()
