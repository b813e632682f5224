"""The page on which radiologists bring studies in: their browser sends to the DICOM Server, the portal sees no byte."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.accounts.actors import person_of
from portal.errands.rights import servers_for_errand
from portal.grants.guards import for_studies, record_denied
from portal.servers.browser_policy import directives_for_pictures

TRIED: Final = "import"


@require_safe
@for_studies(tried=TRIED)
def import_page(request: HttpRequest) -> HttpResponse:
    """Files, folders and ZIP archives for a DICOM Server of the person's institution."""
    servers = list(servers_for_errand(person_of(request), "upload").select_related("institution"))
    if not servers:
        record_denied(request, tried=TRIED)
        raise Http404
    response = render(request, "importing/page.html", {"servers": servers})
    response._csp_update = directives_for_pictures(server.dicomweb_url for server in servers)  # type: ignore[attr-defined]  # noqa: SLF001
    return response
