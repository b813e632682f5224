"""The pages on which an institution's administrators have a study deleted: found, shown without a picture, confirmed.

The portal deletes nothing: the administrator's browser asks the DICOM Server, with an errand token for this one study.
"""

from typing import Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit.services import record_worklist_query
from portal.accounts.actors import actor_of, person_of
from portal.accounts.national_ids import compact
from portal.errands.references import references_to
from portal.errands.rights import servers_for_errand
from portal.grants.audited import audited_study
from portal.grants.guards import asked_server, record_denied
from portal.grants.owned import Found, copies_of, holding_at, holdings_at
from portal.institutions.guards import only_with
from portal.servers.browser_policy import directives_for_pictures
from portal.servers.models import DicomServer
from portal.studies.models import Study

TRIED: Final = "errand_delete"
REASON_LENGTH: Final = (10, 500)
_only_administrators = only_with("errands.delete", page=TRIED)


class FindStudyForm(forms.Form):
    """Words of a name, a number, or a study UID."""

    text = forms.CharField(label=_("Accession number, patient ID, name or study UID"), max_length=200)

    text.widget.attrs.update({"autocomplete": "off", "type": "search", "data-search": ""})


@require_http_methods(["GET", "HEAD", "POST"])
@_only_administrators
@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Look for the study; what was typed travels in the body, so that no log has it."""
    servers = _servers(request)
    form = FindStudyForm(request.POST or None)
    found: Found | None = None
    if form.is_bound and form.is_valid():
        text = form.cleaned_data["text"]
        found = holdings_at(servers, text)
        identifiers = [compact(text)] if any(letter.isdigit() for letter in text) else []
        record_worklist_query(
            actor=actor_of(request),
            filters={"search": "…"},
            results=len(found.studies),
            patient_identifiers=identifiers,
        )
    context = {"form": form, "found": found, "servers": servers, "now": timezone.localtime()}
    return render(request, "deletion/find.html", context)


@require_safe
@_only_administrators
@never_cache
def study(request: HttpRequest, study_instance_uid: str) -> HttpResponse:
    """What would go, what refers to it and what becomes of it, and the form that has it deleted."""
    servers = _servers(request)
    holding = _holding(request, servers, study_instance_uid)
    if holding.is_removed:
        return render(request, "studies/removed.html", status=410)
    record_worklist_query(
        actor=actor_of(request),
        filters={"study_instance_uid": study_instance_uid},
        results=1,
        patient_identifiers=list(audited_study(holding).patient_identifiers),
    )
    now = timezone.now()
    context: dict[str, Any] = {
        "study": holding,
        "confirmation": _confirmation(holding),
        "copies": copies_of(holding, servers),
        "references": references_to(holding, now),
        "reason_at_least": REASON_LENGTH[0],
        "reason_at_most": REASON_LENGTH[1],
        "now": timezone.localtime(now),
    }
    response = render(request, "deletion/study.html", context)
    response._csp_update = directives_for_pictures([holding.server.dicomweb_url])  # type: ignore[attr-defined]  # noqa: SLF001
    return response


@require_safe
@_only_administrators
@never_cache
def state(request: HttpRequest, study_instance_uid: str) -> HttpResponse:
    """Whether the lists have forgotten the study, `{"is_removed": …}`; it shows nobody, so it is not recorded."""
    holding = _holding(request, _servers(request), study_instance_uid)
    return JsonResponse({"is_removed": holding.is_removed})


def _servers(request: HttpRequest) -> list[DicomServer]:
    """The servers at which the person may delete. Raises Http404 where there is none."""
    servers = list(servers_for_errand(person_of(request), "delete").select_related("institution"))
    if not servers:
        record_denied(request, tried=TRIED)
        raise Http404
    return servers


def _holding(request: HttpRequest, servers: list[DicomServer], study_instance_uid: str) -> Study:
    """The holding that the address means. Raises Http404 for none, and for one of another institution."""
    holding = holding_at(servers, study_instance_uid, asked_server(request))
    if holding is None:
        record_denied(request, study_instance_uid, tried=TRIED)
        raise Http404
    return holding


def _confirmation(holding: Study) -> dict[str, str | Promise]:
    """What is typed to confirm: something that stands on the request form and in no other study of the patient."""
    if holding.accession_number.strip():
        return {"text": holding.accession_number.strip(), "label": _("Type the accession number to confirm")}
    if holding.patient.patient_id.strip():
        return {"text": holding.patient.patient_id.strip(), "label": _("Type the patient ID to confirm")}
    number = str(holding.number_of_study_related_instances)
    return {"text": number, "label": _("Type the number of images to confirm")}
