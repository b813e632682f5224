"""WADO-URI (PS3.18 9): one instance, named in the query, as a picture, a document, a video or a DICOM file."""

from dataclasses import replace
from functools import partial
from typing import Final

from django.http import HttpRequest, HttpResponseBase, QueryDict

from dicomserver.dicomweb import places
from dicomserver.dicomweb.admission import Access, admit, answered, originals, retried
from dicomserver.dicomweb.bulk_values import is_video
from dicomserver.dicomweb.frame_lists import frame_numbers
from dicomserver.dicomweb.media import DICOM, EXPLICIT_VR_LITTLE_ENDIAN, Accepted, is_among, ranges_of
from dicomserver.dicomweb.negotiation import InstanceFormat
from dicomserver.dicomweb.pictures.asking import (
    MAX_SIDE,
    Region,
    Viewport,
    Wishes,
    quality_of,
    side_of,
    window,
)
from dicomserver.dicomweb.pictures.composing import STILL_TYPES
from dicomserver.dicomweb.places import Place
from dicomserver.dicomweb.problems import absent, invalid, not_acceptable
from dicomserver.dicomweb.rendering import Drawable, etag_for_picture, one_picture
from dicomserver.dicomweb.selectors import Scope
from dicomserver.dicomweb.views.pixels import answer_with_instances
from dicomserver.dicomweb.views.rendered import other_than_pictures, without_identity
from wire.uids import InvalidUid, parse_uid

WADO_URI: Final = "wado_uri"
_CORNERS: Final = 4
# Of these nothing is made: who asks for them must not be given something else.
_UNSUPPORTED: Final = ("presentationUID", "presentationSeriesUID")


def wado(request: HttpRequest) -> HttpResponseBase:
    """What the query asks for."""
    return answered(request, retried(lambda: _answer(request, request.GET)))


def _answer(request: HttpRequest, query: QueryDict) -> HttpResponseBase:
    uids = _uids(query)
    accepted = ranges_of(_only(query, "contentType") or "*/*")
    if (_only(query, "anonymize") or "no") != "no":
        raise invalid(
            "This server makes no anonymous instance by this way; ask the portal for access without identity."
        )
    if any(name in query for name in _UNSUPPORTED):
        raise not_acceptable("Presentation states are not applied here.")
    is_file = any(is_among(DICOM, one.media_type) for one in accepted) and not _is_picture_wanted(accepted)
    access = admit(request, uids[0], "download" if is_file else "view")
    if access.peer is not None:
        access = replace(access, reader=replace(access.reader, way=WADO_URI))
    series, instance = originals(access, {"series": uids[1], "instance": uids[2]}).values()
    scope = Scope(access.study_instance_uid, series, instance)
    place = places.memory.find(scope)
    if place is None:
        raise absent("instance")
    if is_file:
        return _file(request, access, scope, query)
    if "transferSyntax" in query:
        raise invalid(f"A transfer syntax is chosen for {DICOM} alone.")
    return _shown(request, access, scope, place, accepted, query)


def _is_picture_wanted(accepted: tuple[Accepted, ...]) -> bool:
    """Whether the client, best first, would rather see it than have the file."""
    first = accepted[0].media_type if accepted else "*/*"
    return not is_among(DICOM, first) or first == "*/*"


def _file(request: HttpRequest, access: Access, scope: Scope, query: QueryDict) -> HttpResponseBase:
    wanted = _only(query, "transferSyntax")
    accepted = InstanceFormat((wanted or EXPLICIT_VR_LITTLE_ENDIAN,), is_multipart=False, is_default=wanted is None)
    return answer_with_instances(request, access, scope, lambda _count: accepted)


def _shown(
    request: HttpRequest, access: Access, scope: Scope, place: Place, accepted: tuple[Accepted, ...], query: QueryDict
) -> HttpResponseBase:
    table = place.frame_table
    if table is None or is_video(place.stored.transfer_syntax_uid):
        return other_than_pictures(request, access, scope)
    media_type = next((known for one in accepted for known in STILL_TYPES if is_among(known, one.media_type)), None)
    if media_type is None:
        raise not_acceptable(f"This is served as {', '.join(STILL_TYPES)}.")
    numbers = frame_numbers(_only(query, "frameNumber") or "1")
    if len(numbers) != 1:
        raise invalid("A frame number is one number.")
    wishes, _ = without_identity(_wishes(query), access)
    drawable = Drawable(place, numbers[0])
    etag = etag_for_picture(access, place.stored, "wado", numbers, media_type, wishes)
    return one_picture(request, access, place.stored, etag, media_type, partial(drawable.drawn, wishes, media_type))


def _wishes(query: QueryDict) -> Wishes:
    center, width = _only(query, "windowCenter"), _only(query, "windowWidth")
    if (center is None) != (width is None):
        raise invalid("A window has a center and a width.")
    return Wishes(
        window=None if center is None or width is None else window(center, width),
        viewport=_viewport(query),
        quality=quality_of(_only(query, "imageQuality")),
        annotations=tuple(word for word in ("patient", "technique") if word in _words(query, "annotation")),
    )


def _viewport(query: QueryDict) -> Viewport | None:
    """`rows`, `columns` and `region` (9.1.2.2): what the picture fits into, and which part of the image it shows."""
    rows, columns, region = (_only(query, name) for name in ("rows", "columns", "region"))
    if rows is None and columns is None and region is None:
        return None
    return Viewport(
        side_of(columns) if columns is not None else MAX_SIDE,
        side_of(rows) if rows is not None else MAX_SIDE,
        Region() if region is None else _region(region),
        is_enlarged=rows is not None or columns is not None,
    )


def _region(text: str) -> Region:
    """Left, top, right and bottom as shares of the image."""
    try:
        left, top, right, bottom = (float(value) for value in text.split(","))
    except ValueError as error:
        raise invalid(f"A region is {_CORNERS} numbers from 0 to 1, with commas between.") from error
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise invalid("A region lies in the image: 0 to 1, left before right and top before bottom.")
    return Region(left, top, right - left, bottom - top, is_share=True)


def _uids(query: QueryDict) -> tuple[str, str, str]:
    if _only(query, "requestType") != "WADO":
        raise invalid("The request type is WADO.")
    found = []
    for name in ("studyUID", "seriesUID", "objectUID"):
        try:
            found.append(parse_uid(_only(query, name) or ""))
        except InvalidUid as error:
            raise invalid(f"{name} is no UID.") from error
    return found[0], found[1], found[2]


def _words(query: QueryDict, name: str) -> list[str]:
    return [word.strip() for word in (_only(query, name) or "").split(",")]


def _only(query: QueryDict, name: str) -> str | None:
    values = query.getlist(name)
    if len(values) > 1:
        raise invalid(f"The query has {name} more than once.")
    return values[0] if values else None
