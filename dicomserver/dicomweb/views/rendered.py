"""WADO-RS rendered resources (PS3.18 10.4.1.1.3, 10.4.1.1.4): pictures for rails and previews, not for reading."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dicomserver.dicomweb import places, records, selectors
from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.caching import etag_of, is_unchanged, kept, unchanged
from dicomserver.dicomweb.deidentified.selectors import middle_shown_instance
from dicomserver.dicomweb.media import require_acceptable
from dicomserver.dicomweb.pictures.decoding import Undecodable
from dicomserver.dicomweb.pictures.services import DRAWN_AS, whole_picture
from dicomserver.dicomweb.pictures.services import thumbnail as small_picture
from dicomserver.dicomweb.problems import absent, not_acceptable
from dicomserver.dicomweb.selectors import Scope, StoredInstance
from dicomserver.dicomweb.storage import require_readable
from dicomserver.index.frames import FrameNotFound

JPEG = "image/jpeg"


@admitted("view", READ_BY_FORM)
def thumbnail(request: HttpRequest, access: Access, series: str) -> HttpResponseBase:
    """A small picture of what is in the middle of the series."""
    require_acceptable(request, JPEG)
    middle_instance = selectors.middle_instance if access.disguise is None else middle_shown_instance
    found = middle_instance(Scope(access.study_instance_uid, series))
    if found is None:
        raise absent("series, or it has no pictures")
    stored, table = found
    return _answer(request, access, stored, "thumbnail", partial(small_picture, stored, table, access.answered_for))


@admitted("view", READ_BY_FORM)
def rendered(request: HttpRequest, access: Access, series: str, instance: str) -> HttpResponseBase:
    """The instance's first frame in full size, in its own window."""
    require_acceptable(request, JPEG)
    place = places.memory.find(Scope(access.study_instance_uid, series, instance))
    if place is None or place.frame_table is None:
        raise absent("instance, or it has no pictures")
    stored = place.stored
    return _answer(
        request, access, stored, "rendered", partial(whole_picture, stored, place.frame_table, access.answered_for)
    )


def _answer(request: HttpRequest, access: Access, stored: StoredInstance, kind: str, draw: Any) -> HttpResponseBase:
    etag = etag_of(stored.data_set_sha256, kind, DRAWN_AS, access.answered_for)
    is_known = is_unchanged(request, etag)
    content = b"" if is_known else _drawn(stored, draw)
    records.reads.begin(access.reader, instance_pks=[stored.pk], frames=1)
    if is_known:
        return unchanged(etag)
    records.reads.add_bytes(access.reader, len(content))
    return kept(HttpResponse(content, content_type=JPEG), etag)


def _drawn(stored: StoredInstance, draw: Any) -> bytes:
    require_readable(stored)
    try:
        content: bytes = draw()
    except Undecodable as error:
        raise not_acceptable(str(error)) from error
    except FrameNotFound as error:
        raise absent("frame") from error
    return content
