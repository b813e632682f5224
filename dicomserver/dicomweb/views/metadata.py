"""WADO-RS metadata (PS3.18 10.4.1.1.2): of a series or study a file that is there as a rule, as it is or as XML."""

import re
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from dicomserver.dicomweb import selectors
from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.answers import xml_answer
from dicomserver.dicomweb.caching import etag_of, is_unchanged, kept, unchanged
from dicomserver.dicomweb.deidentified.selectors import shown_series_states
from dicomserver.dicomweb.documents import Document, document, instance_document, state_of
from dicomserver.dicomweb.media import DICOM_JSON, DICOM_XML, metadata_format
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
    form = metadata_format(request, is_one=instance is not None)
    scope, disguise = Scope(access.study_instance_uid, series, instance), access.disguise
    states = selectors.series_states(scope) if disguise is None else shown_series_states(scope)
    if not states:
        raise absent("instances")
    state = state_of(scope, states, disguise)
    is_xml = form.media_type == DICOM_XML
    is_gzipped = not is_xml and _GZIP.search(request.headers.get("Accept-Encoding", "")) is not None
    etag = etag_of(state, is_gzipped, *((form,) if is_xml else ()))
    if is_unchanged(request, etag):
        return unchanged(etag)
    found = document(scope, state, disguise) if instance is None else instance_document(scope, disguise)
    if found is None:
        raise absent("instances")
    if is_xml:
        response = xml_answer(found.objects(), is_multipart=form.is_multipart)
    else:
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
