"""What an administrator chooses for the own institution."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.services import record_access_denied
from portal.accounts.actors import actor_of, person_of
from portal.institutions.forms import InstitutionForm
from portal.institutions.guards import only_with
from portal.institutions.institution_services import NotYourInstitution, change_institution
from portal.institutions.selectors import institutions_managed_by

_manages_settings = only_with("institutions.change_settings", page="institution_settings")


@require_GET
@_manages_settings
def institution_settings(request: HttpRequest) -> HttpResponse:
    """Show what was chosen for each institution that the person administers."""
    managed = institutions_managed_by(person_of(request)).order_by("name")
    forms = [(institution, InstitutionForm.of(institution)) for institution in managed]
    return render(request, "institutions/settings.html", {"forms": forms})


@require_POST
@_manages_settings
def change_settings(request: HttpRequest, institution_pk: int) -> HttpResponse:
    """Change it."""
    form = InstitutionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: choose a time zone from the list."))
        return redirect("institution_settings")
    try:
        changed = change_institution(
            actor=actor_of(request),
            administrator=person_of(request),
            institution_pk=institution_pk,
            changes=form.cleaned_data,
        )
    except NotYourInstitution as error:
        record_access_denied(actor=actor_of(request), tried="institution_settings")
        raise Http404 from error
    messages.success(request, _("The settings of %(institution)s are kept.") % {"institution": changed})
    return redirect("institution_settings")
