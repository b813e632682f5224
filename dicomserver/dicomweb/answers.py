"""Answers of DICOM JSON."""

from django.http import HttpResponse

from dicomserver.dicomweb.media import DICOM_JSON


def json_answer(text: str) -> HttpResponse:
    """An answer of application/dicom+json."""
    return HttpResponse(text.encode(), content_type=DICOM_JSON)
