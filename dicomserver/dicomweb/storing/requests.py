"""What a request to store says of itself: how its body is made, how long it is, what answer it wants."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from dicomserver.dicomweb.media import DICOM, DICOM_JSON, MULTIPART, accepted_by
from dicomserver.dicomweb.problems import Refused, invalid, not_acceptable
from wire import problems

DICOM_XML: Final = "application/dicom+xml"
_ANY: Final = frozenset({"*/*", "application/*"})
# What clients of DICOM JSON ask for by its older, general name.
_JSON: Final = frozenset({DICOM_JSON, "application/json"})
_TAKEN: Final = frozenset({DICOM, DICOM_JSON})


class AnswerFormat(StrEnum):
    """The media types of a Store Instances Response (PS3.18 Table 10.5.3-2)."""

    JSON = DICOM_JSON
    XML = DICOM_XML


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """A request that can be tried."""

    # What the body, or each of its instances, is: DICOM or DICOM_JSON.
    media_type: str
    # None: the body is one part.
    boundary: str | None
    # None: the body says itself where it ends.
    length: int | None
    answer: AnswerFormat


def parse_store_request(request: HttpRequest) -> StoreRequest:
    """Read the headers. Raises Refused: 400, 406, 411 or 415."""
    media_type, boundary = _content_of(request)
    length = _length_of(request)
    if boundary is None and length is None:
        # Whether one instance ended too early cannot be seen without its length.
        raise Refused(411, problems.REQUEST_INVALID, "Length required", "Send a single part with Content-Length.")
    return StoreRequest(media_type, boundary, length, _answer_format(request))


def _content_of(request: HttpRequest) -> tuple[str, str | None]:
    """What the instances are written in, and the boundary between the body's parts; None where it is one part."""
    try:
        media_type, parameters = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))
    except ValueError as error:
        raise invalid("The Content-Type is malformed.") from error
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if encoding != "identity":
        raise _unsupported("The body must come without a Content-Encoding.")
    if media_type in _TAKEN:
        return media_type, None
    kind = parameters.get("type", DICOM).lower()
    if media_type != MULTIPART or kind not in _TAKEN:
        raise _unsupported(
            f'Instances are taken as multipart/related; type="{DICOM}" or type="{DICOM_JSON}", one as {DICOM} or '
            f"{DICOM_JSON}; not as XML."
        )
    if not parameters.get("boundary"):
        raise invalid("The Content-Type names no boundary.")
    return kind, parameters["boundary"]


def _length_of(request: HttpRequest) -> int | None:
    text = request.META.get("CONTENT_LENGTH") or ""
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise invalid("The Content-Length is malformed.")
    return int(text)


def _answer_format(request: HttpRequest) -> AnswerFormat:
    for one in accepted_by(request):
        if one.media_type in _JSON or one.media_type in _ANY:
            return AnswerFormat.JSON
        if one.media_type == DICOM_XML:
            return AnswerFormat.XML
    raise not_acceptable(f"The answer is {DICOM_JSON} or {DICOM_XML}.")


def _unsupported(detail: str) -> Refused:
    return Refused(415, problems.MEDIA_TYPE_UNSUPPORTED, "Media type not supported", detail)
