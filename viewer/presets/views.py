"""The page on which administrators set the window presets of their institution."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.services import record_access_denied
from portal.accounts.actors import actor_of, person_of
from portal.institutions.guards import only_with
from portal.institutions.institution_services import NotYourInstitution
from portal.institutions.selectors import institutions_managed_by
from viewer.presets.forms import PresetsForm
from viewer.presets.selectors import has_own_presets, presets_of
from viewer.presets.services import change_presets

_manages_settings = only_with("institutions.change_settings", page="institution_settings")


@require_GET
@_manages_settings
def presets(request: HttpRequest) -> HttpResponse:
    """Show the presets of each institution that the person administers."""
    return _page(request)


@require_POST
@_manages_settings
def change(request: HttpRequest, institution_pk: int) -> HttpResponse:
    """Keep other presets, or go back to those of everybody."""
    form = PresetsForm(data=request.POST)
    goes_back = "reset" in request.POST
    if not goes_back and not form.is_valid():
        return _page(request, institution_pk, form, status=422)
    try:
        institution = change_presets(
            actor=actor_of(request),
            administrator=person_of(request),
            institution_pk=institution_pk,
            presets=() if goes_back else form.presets,
        )
    except NotYourInstitution as error:
        record_access_denied(actor=actor_of(request), tried="institution_settings")
        raise Http404 from error
    messages.success(request, _("The window presets of %(institution)s are kept.") % {"institution": institution})
    return redirect("viewer:presets")


def _page(
    request: HttpRequest, institution_pk: int | None = None, form: PresetsForm | None = None, *, status: int = 200
) -> HttpResponse:
    managed = list(institutions_managed_by(person_of(request)).order_by("name"))
    if institution_pk is not None and institution_pk not in {one.pk for one in managed}:
        record_access_denied(actor=actor_of(request), tried="institution_settings")
        raise Http404
    shown = [
        (one, form if form and one.pk == institution_pk else PresetsForm(presets_of(one)), has_own_presets(one))
        for one in managed
    ]
    return render(request, "window_presets/presets.html", {"shown": shown}, status=status)
