"""Answers of attributes: DICOM JSON, or XML object by object."""

from collections.abc import Iterable, Iterator
from typing import Final

from django.http import HttpResponse, HttpResponseBase

from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.media import DICOM_JSON, DICOM_XML
from dicomserver.dicomweb.multipart import LaterPart, made_in_turn
from dicomserver.dicomweb.native_model import DicomJson, native_model

LEFT_PIXELS: Final = "Rows and Columns do not describe all of the pixel data"


def json_answer(text: str) -> HttpResponse:
    """An answer of application/dicom+json."""
    return HttpResponse(text.encode(), content_type=DICOM_JSON)


def xml_answer(objects: Iterable[DicomJson], *, is_multipart: bool) -> HttpResponseBase:
    """The objects as application/dicom+xml: a part each, written when it is its turn, or the one without parts.

    Raises Refused where too many answers are made at once.
    """
    if not is_multipart:
        return HttpResponse(native_model(next(iter(objects))), content_type=DICOM_XML)

    def parts() -> Iterator[LaterPart]:
        for one in objects:
            yield LaterPart(DICOM_XML, [native_model(one)])

    return made_in_turn(parts(), DICOM_XML)


def warning_of(text: str) -> str:
    """The value of a Warning header (PS3.18 8.3.4.4.1): what is to be known of an answer that is given all the same."""
    plain = "".join(character if " " <= character <= "~" and character != '"' else "?" for character in text[:500])
    return f'299 {url_of()} "{plain}"'
