"""An institution's identity providers: the administrator's pages."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.services import record_access_denied
from portal.accounts.actors import actor_of, person_of
from portal.institutions.guards import only_with
from portal.institutions.selectors import institutions_managed_by
from portal.single_sign_on import services
from portal.single_sign_on.errors import NotYourProvider, ProviderRefused
from portal.single_sign_on.forms import ProviderForm, filled_in
from portal.single_sign_on.models import IdentityProvider
from portal.single_sign_on.selectors import people_to_connect, providers_managed_by

_manages = only_with("institutions.manage_people", page="identity_providers")


@require_GET
@_manages
def providers(request: HttpRequest) -> HttpResponse:
    """The providers of the own institutions."""
    return render(
        request, "single_sign_on/providers.html", {"providers": list(providers_managed_by(person_of(request)))}
    )


@require_http_methods(["GET", "POST"])
@_manages
def new_provider(request: HttpRequest) -> HttpResponse:
    """Set a provider up."""
    managed = list(institutions_managed_by(person_of(request)))
    form = ProviderForm(request.POST or None, institutions=managed, is_new=True)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_up_provider_as_administrator(
                actor=actor_of(request),
                administrator=person_of(request),
                institution_pk=form.cleaned_data["institution"].pk,
                terms=form.terms,
            )
        except ProviderRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("People can now sign in by %(name)s.") % {"name": form.cleaned_data["name"]})
            return redirect("identity_providers")
    return _form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@_manages
def edit_provider(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a provider of the own institutions."""
    provider = _own(request, pk)
    now = services.terms_of(provider)
    form = ProviderForm(request.POST or None, institutions=[], is_new=False, initial=filled_in(now))
    if request.method == "POST" and form.is_valid():
        try:
            services.change_provider(actor=actor_of(request), administrator=person_of(request), pk=pk, terms=form.terms)
        except ProviderRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("%(name)s was changed.") % {"name": form.cleaned_data["name"]})
            return redirect("identity_providers")
    return _form_page(request, form, provider)


@require_POST
@_manages
def connect(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody who has an account come by the provider from their next sign-in on."""
    chosen = request.POST.get("person", "")
    try:
        awaited = services.await_connection(
            actor=actor_of(request),
            administrator=person_of(request),
            pk=pk,
            person_pk=int(chosen) if chosen.isdecimal() and len(chosen) < 18 else 0,
        )
    except NotYourProvider as error:
        record_access_denied(actor=actor_of(request), tried="identity_providers")
        raise Http404 from error
    messages.success(
        request,
        _("%(person)s can come by this provider within the next 7 days; from then on it knows them.")
        % {"person": awaited.user.full_name},
    )
    return redirect("identity_provider", pk=pk)


def _own(request: HttpRequest, pk: int) -> IdentityProvider:
    provider = providers_managed_by(person_of(request)).filter(pk=pk).first()
    if provider is None:
        record_access_denied(actor=actor_of(request), tried="identity_providers")
        raise Http404
    return provider


def _form_page(request: HttpRequest, form: ProviderForm, provider: IdentityProvider | None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "provider": provider, "people": []}
    if provider is not None:
        context["people"] = people_to_connect(provider).exclude(pk=person_of(request).pk)
    return render(request, "single_sign_on/provider.html", context)
