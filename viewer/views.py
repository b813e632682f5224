"""The page on which images are read."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of, person_of
from portal.accounts.asking_sessions import session_of
from portal.grants.guards import asked_server, deny, for_studies
from viewer.page import viewer_page
from viewer.policy_header import directives
from viewer.services import open_viewer


@require_safe
@for_studies(tried="viewer")
def viewer(request: HttpRequest, study_instance_uid: str) -> HttpResponse:
    """The viewer of one study, which may talk to the DICOM Servers of the study and its priors and to no other."""
    found, token = open_viewer(
        actor=actor_of(request),
        user=person_of(request),
        study_instance_uid=study_instance_uid,
        server_id=asked_server(request),
        session=session_of(request),
    ) or deny(request, study_instance_uid, tried="viewer")
    page = viewer_page(request, found, token)
    response = render(request, "viewer/page.html", page.context)
    response._csp_replace = directives(page.dicomweb_urls)  # type: ignore[attr-defined]  # noqa: SLF001
    return response
