"""Retrieve Capabilities (PS3.18 8.9): what this service can do, which tells nothing of what it holds or of whom."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dicomserver.dicomweb.admission import method_refused
from dicomserver.dicomweb.capabilities import WADL, description
from dicomserver.dicomweb.media import require_acceptable
from dicomserver.dicomweb.problems import Refused


def capabilities(request: HttpRequest) -> HttpResponseBase:
    """The description of the service, for anybody who asks by OPTIONS."""
    if request.method != "OPTIONS":
        return method_refused(request, ())
    try:
        require_acceptable(request, WADL, "application/xml")
    except Refused as refusal:
        return refusal.response()
    response = HttpResponse(description(settings.DICOMWEB_PUBLIC_URL.rstrip("/")), content_type=WADL)
    response.headers["Allow"] = "OPTIONS"
    return response
