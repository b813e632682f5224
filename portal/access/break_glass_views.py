"""Pages on which a doctor opens a study in an emergency, or asks the owning institution for access to it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from audit.services import record_access_denied
from portal.access.errors import RequestDecided, TooManyTries
from portal.access.forms import BreakGlassForm, FindPatientForm, RequestForm
from portal.access.lookups import studies_of, study_at
from portal.access.selectors import PAGE_SIZE, administrators_of, requests_of
from portal.access.services import break_glass, request_access, withdraw_request
from portal.accounts.actors import actor_of, person_of
from portal.grants.break_glass import close_break_glass
from portal.grants.errors import GrantRefused, NotYours
from portal.grants.guards import asked_server, record_denied
from portal.grants.policy import explain
from portal.institutions.guards import only_with
from portal.studies.models import Study

_doctors = only_with("access.break_glass", page="break_glass")


@require_http_methods(["GET", "HEAD", "POST"])
@_doctors
@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Find a patient by exact ID and birth date; nothing here lists or completes."""
    form = FindPatientForm(request.POST if request.method == "POST" else None)
    found: list[Study] | None = None
    if form.is_bound and form.is_valid():
        try:
            found = studies_of(
                actor=actor_of(request),
                person=person_of(request),
                identifier=form.cleaned_data["patient_id"],
                birth_date=form.cleaned_data["birth_date"],
            )
        except TooManyTries:
            return _too_many(request)
    return _find_page(request, form, found, status=422 if form.is_bound and not form.is_valid() else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@_doctors
@never_cache
def open_study(request: HttpRequest, study_instance_uid: str) -> HttpResponse:
    """Say what opening means, and open the study for an hour where a reason is given."""
    try:
        study = _study(request, study_instance_uid)
    except TooManyTries:
        return _too_many(request)
    if study is None:
        return _find_page(request, FindPatientForm(), [], status=404)
    form = BreakGlassForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            break_glass(
                actor=actor_of(request),
                person=person_of(request),
                study=study,
                reason=form.cleaned_data["reason"],
            )
        except GrantRefused as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("It is open for one hour. The institution was told."))
            return redirect(_study_url(study))
    return _open_page(request, study, form, status=422 if form.is_bound else 200)


@require_POST
@_doctors
def close(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """End one's own opening before its hour is over."""
    try:
        close_break_glass(actor=actor_of(request), person=person_of(request), grant_id=grant_id)
    except NotYours as error:
        record_access_denied(actor=actor_of(request), tried="break_glass")
        raise Http404 from error
    messages.success(request, _("It is closed again."))
    return redirect("home")


@require_http_methods(["GET", "HEAD", "POST"])
@_doctors
@never_cache
def ask(request: HttpRequest, study_instance_uid: str) -> HttpResponse:
    """Ask the owning institution for access instead."""
    try:
        study = _study(request, study_instance_uid)
    except TooManyTries:
        return _too_many(request)
    if study is None:
        return _find_page(request, FindPatientForm(), [], status=404)
    form = RequestForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            request_access(
                actor=actor_of(request),
                person=person_of(request),
                study=study,
                permissions=tuple(form.cleaned_data["permissions"]),
                valid_until=form.until,
                reason=form.cleaned_data["reason"],
            )
        except GrantRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            owner = study.server.institution.short_name
            messages.success(
                request, _("%(institution)s was asked. The answer comes by mail.") % {"institution": owner}
            )
            return redirect("access:find")
    context = {"study": study, "form": form, "decision": explain(request.user, study)}
    return render(request, "access/ask.html", context, status=422 if form.is_bound else 200)


@require_POST
@_doctors
def withdraw(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Take one's own request back."""
    try:
        withdraw_request(actor=actor_of(request), person=person_of(request), request_id=request_id)
    except NotYours as error:
        record_access_denied(actor=actor_of(request), tried="access_request")
        raise Http404 from error
    except RequestDecided as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The request was taken back."))
    return redirect("access:find")


def _study(request: HttpRequest, study_instance_uid: str) -> Study | None:
    return study_at(
        actor=actor_of(request),
        person=person_of(request),
        study_instance_uid=study_instance_uid,
        server_id=asked_server(request),
    )


def _find_page(
    request: HttpRequest, form: FindPatientForm, found: list[Study] | None, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "found": found, "requests": requests_of(person_of(request))[:PAGE_SIZE]}
    return render(request, "access/find.html", context, status=status)


def _open_page(request: HttpRequest, study: Study, form: BreakGlassForm, *, status: int) -> HttpResponse:
    context = {
        "study": study,
        "form": form,
        "decision": explain(request.user, study),
        "administrators": len(administrators_of(study.server.institution)),
        "study_url": _study_url(study),
    }
    return render(request, "access/open.html", context, status=status)


def _too_many(request: HttpRequest) -> HttpResponse:
    record_denied(request, tried="break_glass")
    return render(request, "access/too_many.html", status=429)


def _study_url(study: Study) -> str:
    # The page stands in an app above this one: its address is stable, its view is not ours to import.
    return f"{reverse('worklist:study', args=[study.study_instance_uid])}?{urlencode({'server': study.server_id})}"
