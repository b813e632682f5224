"""WADO-RS rendered resources (PS3.18 10.4.1.1.3, 10.4.1.1.4) of studies, series, instances and frames."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase

from dicomserver.dicomweb import places, selectors
from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.answers import warning_of
from dicomserver.dicomweb.bulk_values import ENCAPSULATED_DOCUMENT, is_video
from dicomserver.dicomweb.caching import etag_of
from dicomserver.dicomweb.deidentified.selectors import middle_shown_instance, shown_instances, shown_series_states
from dicomserver.dicomweb.documents import state_of
from dicomserver.dicomweb.frame_lists import frame_numbers
from dicomserver.dicomweb.media import accepted_by, picked_format, require_acceptable
from dicomserver.dicomweb.pictures.asking import NO_WISHES, Wishes, wishes_of
from dicomserver.dicomweb.pictures.attributes import frame_milliseconds
from dicomserver.dicomweb.pictures.composing import GIF, JPEG, STILL_TYPES, Box
from dicomserver.dicomweb.pictures.previews import preview, wanted_box
from dicomserver.dicomweb.pictures.services import DRAWN_AS, THUMBNAIL_BOX, middle_frame, picture, whole_picture
from dicomserver.dicomweb.pictures.services import thumbnail as small_picture
from dicomserver.dicomweb.places import Place
from dicomserver.dicomweb.preparing import instance_with_bulk_data, metadata_of
from dicomserver.dicomweb.problems import absent, invalid
from dicomserver.dicomweb.rendering import (
    Drawable,
    etag_for_picture,
    many_pictures,
    moving_picture,
    one_picture,
    told_if_undrawable,
)
from dicomserver.dicomweb.selectors import Scope, StoredInstance
from dicomserver.dicomweb.views.bulk import answer_with_value
from dicomserver.index.frames import FrameTable

MAX_PICTURES = 5000
NO_PICTURES = "instance, or it has no pictures"


@admitted("view", READ_BY_FORM)
def rendered_instances(request: HttpRequest, access: Access, series: str | None = None) -> HttpResponseBase:
    """The first frame of each instance with pictures of a study or series, as parts of one answer."""
    wishes, warning = _wishes(request, access)
    form = picked_format(request, *STILL_TYPES, multipart=True)
    scope = Scope(access.study_instance_uid, series)
    if access.disguise is None:
        found = selectors.stored_instances(scope)
    else:
        found = [shown.stored for shown in shown_instances(scope)]
    if not found:
        raise absent("instances")
    if len(found) > MAX_PICTURES:
        raise invalid(f"At most {MAX_PICTURES} instances are drawn in one answer; ask for less.")
    return _warned(many_pictures(access, _first_frames(scope, found), form.media_type, wishes), warning)


@admitted("view", READ_BY_FORM)
def rendered(request: HttpRequest, access: Access, series: str, instance: str) -> HttpResponseBase:
    """An instance as what a browser shows: its first frame, all frames in motion, its video or its document."""
    scope = Scope(access.study_instance_uid, series, instance)
    place = places.memory.find(scope)
    if place is None:
        raise absent(NO_PICTURES)
    if place.frame_table is None or is_video(place.stored.transfer_syntax_uid):
        return other_than_pictures(request, access, scope)
    wishes, warning = _wishes(request, access)
    form = picked_format(request, *STILL_TYPES)
    drawables = [Drawable(place, number) for number in range(1, place.frame_table.count + 1)]
    if form.media_type == GIF and not form.is_multipart and len(drawables) > 1:
        return _warned(_moving(request, access, drawables, wishes), warning)
    return _warned(_still(request, access, drawables[:1], form.media_type, wishes, parts=form.is_multipart), warning)


@admitted("view", READ_BY_FORM)
def rendered_frames(
    request: HttpRequest, access: Access, series: str, instance: str, frame_list: str
) -> HttpResponseBase:
    """Frames of an instance: one alone, several as parts of one answer or in motion."""
    numbers = frame_numbers(frame_list)
    place, _ = _pictured(access, series, instance)
    wishes, warning = _wishes(request, access)
    drawables = [Drawable(place, number) for number in numbers]
    is_alone = len(drawables) == 1
    is_moving = not is_alone and any(one.media_type == GIF for one in accepted_by(request))
    if is_moving:
        return _warned(_moving(request, access, drawables, wishes), warning)
    form = picked_format(request, *STILL_TYPES, multipart=None if is_alone else True)
    return _warned(_still(request, access, drawables, form.media_type, wishes, parts=form.is_multipart), warning)


@admitted("view", READ_BY_FORM)
def series_thumbnail(request: HttpRequest, access: Access, series: str | None = None) -> HttpResponseBase:
    """A small picture of what is in the middle of a study or series, or one that fits a viewport of a series."""
    require_acceptable(request, JPEG)
    box = wanted_box(request)
    if box is not None and series is not None:
        return _preview(request, access, Scope(access.study_instance_uid, series), box)
    middle_instance = selectors.middle_instance if access.disguise is None else middle_shown_instance
    found = middle_instance(Scope(access.study_instance_uid, series))
    if found is None:
        raise absent("study or series, or it has no pictures")
    stored, table = found
    if box is None:
        etag, draw = (
            etag_for_picture(access, stored, "thumbnail"),
            partial(small_picture, stored, table, access.answered_for),
        )
    else:
        etag = etag_for_picture(access, stored, "thumbnail", box)
        draw = partial(picture, stored, table, middle_frame(table), box=box)
    return _located(one_picture(request, access, stored, etag, JPEG, draw), access, stored, middle_frame(table))


@admitted("view", READ_BY_FORM)
def instance_thumbnail(
    request: HttpRequest, access: Access, series: str, instance: str, frame_list: str | None = None
) -> HttpResponseBase:
    """A small picture of an instance's middle frame, or of the frame named."""
    require_acceptable(request, JPEG)
    place, table = _pictured(access, series, instance)
    stored = place.stored
    numbers = [middle_frame(table)] if frame_list is None else frame_numbers(frame_list)
    if len(numbers) != 1:
        raise invalid("A thumbnail shows one frame.")
    box = wanted_box(request) or THUMBNAIL_BOX
    etag = etag_for_picture(access, stored, "thumbnail", box, numbers)
    draw = partial(picture, stored, table, numbers[0], box=box)
    return _located(one_picture(request, access, stored, etag, JPEG, draw), access, stored, numbers[0])


def _pictured(access: Access, series: str, instance: str) -> tuple[Place, FrameTable]:
    place = places.memory.find(Scope(access.study_instance_uid, series, instance))
    if place is None or place.frame_table is None:
        raise absent(NO_PICTURES)
    return place, place.frame_table


def _first_frames(scope: Scope, found: list[StoredInstance]) -> Iterator[Drawable]:
    for stored in found:
        uids = scope.study_instance_uid, stored.series_instance_uid, stored.sop_instance_uid
        place = places.memory.find(Scope(*uids))
        if place is not None and place.frame_table is not None and not is_video(stored.transfer_syntax_uid):
            yield Drawable(place, 1)


def _still(
    request: HttpRequest, access: Access, drawables: list[Drawable], media_type: str, wishes: Wishes, *, parts: bool
) -> HttpResponseBase:
    first = drawables[0]
    table = first.place.frame_table
    if parts or table is None:
        return many_pictures(access, drawables, media_type, wishes)
    stored = first.place.stored
    if first.frame == 1 and media_type == JPEG and wishes == NO_WISHES:
        etag = etag_for_picture(access, stored, "rendered")
        draw = partial(whole_picture, stored, table, access.answered_for)
    else:
        etag = etag_for_picture(access, stored, "rendered", first.frame, media_type, wishes)
        draw = partial(first.drawn, wishes, media_type)
    return one_picture(request, access, stored, etag, media_type, draw)


def _moving(request: HttpRequest, access: Access, drawables: list[Drawable], wishes: Wishes) -> HttpResponseBase:
    stored = drawables[0].place.stored
    prepared = metadata_of(stored.pk)
    milliseconds = frame_milliseconds(prepared[0]) if prepared else 100
    frames = [one.frame for one in drawables]
    etag = etag_for_picture(access, stored, "rendered", frames, GIF, wishes)
    draw = partial(moving_picture, drawables, wishes, milliseconds)
    return one_picture(request, access, stored, etag, GIF, draw, frames=len(frames))


def other_than_pictures(request: HttpRequest, access: Access, scope: Scope) -> HttpResponseBase:
    """A video or an encapsulated document, as it is stored."""
    source = instance_with_bulk_data(scope)
    if source is not None:
        kept = source.places or {}
        if is_video(source.stored.transfer_syntax_uid) and "7FE00010" in kept:
            return answer_with_value(request, access, source, "7FE00010", is_alone=True)
        prepared = metadata_of(source.stored.pk)
        if ENCAPSULATED_DOCUMENT in kept or (prepared and f'"{ENCAPSULATED_DOCUMENT}"' in prepared[0]):
            return answer_with_value(request, access, source, ENCAPSULATED_DOCUMENT, is_alone=True)
    raise absent(NO_PICTURES)


def _preview(request: HttpRequest, access: Access, scope: Scope, box: Box) -> HttpResponseBase:
    states = selectors.series_states(scope) if access.disguise is None else shown_series_states(scope)
    if not states:
        raise absent("series, or it has no pictures")
    state = state_of(scope, states, access.disguise)
    with told_if_undrawable():
        drawn = preview(scope, state, box, is_disguised=access.disguise is not None)
    place = places.memory.find(Scope(scope.study_instance_uid, scope.series_instance_uid, drawn.sop_instance_uid))
    if place is None:
        raise absent("instance")
    etag = etag_of(state, "preview", box, DRAWN_AS)
    response = one_picture(request, access, place.stored, etag, JPEG, lambda: drawn.jpeg)
    return _located(response, access, place.stored, drawn.frame)


def _located(response: HttpResponseBase, access: Access, stored: StoredInstance, frame: int) -> HttpResponseBase:
    """Say which frame the picture shows, by the address at which its reader finds it."""
    uids = access.study_instance_uid, stored.series_instance_uid, stored.sop_instance_uid
    shown = uids if access.disguise is None else map(access.disguise.uid, uids)
    response.headers["Content-Location"] = f"{urlsplit(url_of(*shown)).path}/frames/{frame}"
    return response


def _wishes(request: HttpRequest, access: Access) -> tuple[Wishes, str]:
    """How pictures are to be drawn, and what of it is not done (PS3.18 8.3.5.1.1)."""
    wishes, left_out = without_identity(wishes_of(request), access)
    if not left_out:
        return wishes, ""
    return wishes, f"The following annotation values are not supported: {', '.join(left_out)}"


def without_identity(wishes: Wishes, access: Access) -> tuple[Wishes, tuple[str, ...]]:
    """The wishes that are done for this reader, and the annotations that are not."""
    left_out = wishes.unknown_annotations
    wishes = replace(wishes, unknown_annotations=())
    if access.disguise is not None:
        # What is burned in says who the patient is.
        left_out, wishes = (*wishes.annotations, *left_out), replace(wishes, annotations=())
    return wishes, left_out


def _warned(response: HttpResponseBase, warning: str) -> HttpResponseBase:
    if warning:
        response.headers["Warning"] = warning_of(warning)
    return response
