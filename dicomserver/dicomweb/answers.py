"""Answers of DICOM JSON."""

import gzip

from django.http import HttpResponse

from dicomserver.dicomweb.media import DICOM_JSON


def json_answer(text: str, *, is_gzipped: bool = False) -> HttpResponse:
    """An answer of application/dicom+json."""
    content = text.encode()
    response = HttpResponse(gzip.compress(content, 1, mtime=0) if is_gzipped else content, content_type=DICOM_JSON)
    if is_gzipped:
        response.headers["Content-Encoding"] = "gzip"
    return response
