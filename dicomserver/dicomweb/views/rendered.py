"""WADO-RS rendered resources (PS3.18 10.4.1.1.3, 10.4.1.1.4): pictures for rails and previews, not for reading."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dicomserver.dicomweb import places, records, selectors
from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.caching import etag_of, is_unchanged, kept, unchanged
from dicomserver.dicomweb.deidentified.selectors import middle_shown_instance, shown_series_states
from dicomserver.dicomweb.documents import state_of
from dicomserver.dicomweb.media import require_acceptable
from dicomserver.dicomweb.pictures.decoding import Undecodable
from dicomserver.dicomweb.pictures.previews import preview, wanted_box
from dicomserver.dicomweb.pictures.services import DRAWN_AS, Box, middle_frame, whole_picture
from dicomserver.dicomweb.pictures.services import thumbnail as small_picture
from dicomserver.dicomweb.problems import absent, not_acceptable
from dicomserver.dicomweb.selectors import Scope, StoredInstance
from dicomserver.dicomweb.storage import require_readable
from dicomserver.index.frames import FrameNotFound

JPEG = "image/jpeg"


@admitted("view", READ_BY_FORM)
def thumbnail(request: HttpRequest, access: Access, series: str) -> HttpResponseBase:
    """A small picture of what is in the middle of the series, or one that fits a viewport of what is shown first."""
    require_acceptable(request, JPEG)
    box = wanted_box(request)
    if box is not None:
        return _preview(request, access, Scope(access.study_instance_uid, series), box)
    middle_instance = selectors.middle_instance if access.disguise is None else middle_shown_instance
    found = middle_instance(Scope(access.study_instance_uid, series))
    if found is None:
        raise absent("series, or it has no pictures")
    stored, table = found
    draw = partial(small_picture, stored, table, access.answered_for)
    return _located(_answer(request, access, stored, "thumbnail", draw), access, stored, middle_frame(table))


def _preview(request: HttpRequest, access: Access, scope: Scope, box: Box) -> HttpResponseBase:
    states = selectors.series_states(scope) if access.disguise is None else shown_series_states(scope)
    if not states:
        raise absent("series, or it has no pictures")
    state = state_of(scope, states, access.disguise)
    with _told_if_undrawable():
        drawn = preview(scope, state, box, is_disguised=access.disguise is not None)
    place = places.memory.find(Scope(scope.study_instance_uid, scope.series_instance_uid, drawn.sop_instance_uid))
    if place is None:
        raise absent("instance")
    etag = etag_of(state, "preview", box, DRAWN_AS)
    response = _noted(request, access, place.stored, etag, lambda: drawn.jpeg)
    return _located(response, access, place.stored, drawn.frame)


def _located(response: HttpResponseBase, access: Access, stored: StoredInstance, frame: int) -> HttpResponseBase:
    """Say which frame the picture shows, by the address at which its reader finds it."""
    uids = access.study_instance_uid, stored.series_instance_uid, stored.sop_instance_uid
    shown = uids if access.disguise is None else map(access.disguise.uid, uids)
    response.headers["Content-Location"] = f"{urlsplit(url_of(*shown)).path}/frames/{frame}"
    return response


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


def _answer(
    request: HttpRequest, access: Access, stored: StoredInstance, kind: str, draw: Callable[[], bytes]
) -> HttpResponseBase:
    etag = etag_of(stored.data_set_sha256, kind, DRAWN_AS, access.answered_for)

    def drawn() -> bytes:
        require_readable(stored)
        with _told_if_undrawable():
            return draw()

    return _noted(request, access, stored, etag, drawn)


def _noted(
    request: HttpRequest, access: Access, stored: StoredInstance, etag: str, draw: Callable[[], bytes]
) -> HttpResponseBase:
    """The picture, once it is noted as read; drawn only where the browser has not got it."""
    is_known = is_unchanged(request, etag)
    content = b"" if is_known else draw()
    records.reads.begin(access.reader, instance_pks=[stored.pk], frames=1)
    if is_known:
        return unchanged(etag)
    records.reads.add_bytes(access.reader, len(content))
    return kept(HttpResponse(content, content_type=JPEG), etag)


@contextmanager
def _told_if_undrawable() -> Iterator[None]:
    try:
        yield
    except Undecodable as error:
        raise not_acceptable(str(error)) from error
    except FrameNotFound as error:
        raise absent("frame") from error
