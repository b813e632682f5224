"""The page on which radiologists bring studies in: their browser sends to the DICOM Server, the portal sees no byte."""

from collections.abc import Callable
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from audit.services import record_order_act, record_worklist_query
from portal.accounts.actors import actor_of, person_of
from portal.accounts.models import User
from portal.accounts.national_ids import compact
from portal.errands.choices import (
    LEAST_LETTERS,
    Choices,
    orders_to_choose,
    patients_to_choose,
    studies_to_choose,
)
from portal.errands.rights import servers_for_errand
from portal.grants.guards import for_studies, record_denied
from portal.servers.browser_policy import directives_for_pictures
from portal.servers.models import DicomServer

TRIED: Final = "import"
_LONGEST: Final = 200
_KINDS: Final[dict[str, Callable[[User, DicomServer, str], Choices]]] = {
    "study": studies_to_choose,
    "order": orders_to_choose,
    "patient": patients_to_choose,
}


@require_safe
@for_studies(tried=TRIED)
def import_page(request: HttpRequest) -> HttpResponse:
    """Files, folders and ZIP archives for a DICOM Server of the person's institution."""
    servers = _servers(request)
    response = render(request, "importing/page.html", {"servers": servers})
    response._csp_update = directives_for_pictures(server.dicomweb_url for server in servers)  # type: ignore[attr-defined]  # noqa: SLF001
    return response


@require_POST
@for_studies(tried=TRIED)
def choices(request: HttpRequest) -> HttpResponse:
    """Studies, orders or patients of one server that fit what is typed; it travels in the body, so no log has it."""
    server = next((one for one in _servers(request) if str(one.pk) == request.POST.get("server", "")), None)
    kind = request.POST.get("kind", "")
    if server is None or kind not in _KINDS:
        record_denied(request, tried=TRIED)
        raise Http404
    text = request.POST.get("text", "").strip()[:_LONGEST]
    found = Choices((), False)
    is_sought = len(text) >= LEAST_LETTERS
    if is_sought:
        found = _KINDS[kind](person_of(request), server, text)
        _record(request, server, kind, text, len(found.found))
    context = {"kind": kind, "choices": found, "is_sought": is_sought}
    return render(request, "importing/_choices.html", context)


def _servers(request: HttpRequest) -> list[DicomServer]:
    """The servers to which the person may send. Raises Http404 where there is none."""
    servers = list(servers_for_errand(person_of(request), "upload").select_related("institution"))
    if not servers:
        record_denied(request, tried=TRIED)
        raise Http404
    return servers


def _record(request: HttpRequest, server: DicomServer, kind: str, text: str, results: int) -> None:
    """Write who looked; of what was typed only a number is kept, by which an auditor finds the look again."""
    identifiers = [compact(text)] if any(letter.isdigit() for letter in text) else []
    if kind != "order":
        filters = {"search": "…", "server": str(server.pk)}
        record_worklist_query(
            actor=actor_of(request), filters=filters, results=results, patient_identifiers=identifiers
        )
        return
    record_order_act(
        actor=actor_of(request),
        act="read",
        institution=server.institution.short_name,
        server_id=str(server.pk),
        patient_identifiers=identifiers,
        details={"filters": {"search": "…"}, "results": results},
    )
