"""WADO-RS metadata (PS3.18 10.4.1.1.2): for a series or study a file that is there as a rule, sent as it is."""

import re
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from dicomserver.dicomweb import selectors
from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.caching import etag_of, is_unchanged, kept, unchanged
from dicomserver.dicomweb.deidentified.selectors import shown_series_states
from dicomserver.dicomweb.documents import Document, document, instance_document, state_of
from dicomserver.dicomweb.media import DICOM_JSON, require_acceptable
from dicomserver.dicomweb.problems import absent
from dicomserver.dicomweb.selectors import Scope

# Above this a client that does not take gzip gets the text piece by piece.
IN_MEMORY_BYTES: Final = 8 * 1024 * 1024
_GZIP: Final = re.compile(r"(^|[\s,])(gzip|\*)\s*(;\s*q=(1(\.0*)?|0\.0*[1-9][0-9]*))?\s*(,|$)")


@admitted("view", READ_BY_FORM)
def metadata(
    request: HttpRequest, access: Access, series: str | None = None, instance: str | None = None
) -> HttpResponseBase:
    """The attributes of all instances of a study or series, or of one; bulky values by reference."""
    require_acceptable(request, DICOM_JSON, "application/json")
    scope, disguise = Scope(access.study_instance_uid, series, instance), access.disguise
    states = selectors.series_states(scope) if disguise is None else shown_series_states(scope)
    if not states:
        raise absent("instances")
    state = state_of(scope, states, disguise)
    is_gzipped = _GZIP.search(request.headers.get("Accept-Encoding", "")) is not None
    etag = etag_of(state, is_gzipped)
    if is_unchanged(request, etag):
        return unchanged(etag)
    found = document(scope, state, disguise) if instance is None else instance_document(scope, disguise)
    if found is None:
        raise absent("instances")
    response = _answer(found, is_gzipped=is_gzipped)
    if found.is_complete:
        return kept(response, etag)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _answer(found: Document, *, is_gzipped: bool) -> HttpResponseBase:
    response: HttpResponseBase
    if is_gzipped:
        response = HttpResponse(found.gzipped, content_type=DICOM_JSON)
        response.headers["Content-Encoding"] = "gzip"
    elif found.length <= IN_MEMORY_BYTES:
        response = HttpResponse(found.text(), content_type=DICOM_JSON)
    else:
        response = StreamingHttpResponse(found.pieces(), content_type=DICOM_JSON)
        response.headers["Content-Length"] = str(found.length)
    return response
