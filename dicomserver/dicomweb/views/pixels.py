"""WADO-RS: instances and frames (PS3.18 10.4), copied out of the archive as they were received."""

from collections.abc import Callable, Iterator
from functools import partial

from django.http import HttpRequest, HttpResponseBase

from dicomserver.dicomweb import places, records, selectors
from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.answers import LEFT_PIXELS, warning_of
from dicomserver.dicomweb.deidentified.files import file_part
from dicomserver.dicomweb.deidentified.selectors import shown_instances
from dicomserver.dicomweb.frame_lists import frame_numbers
from dicomserver.dicomweb.media import DICOM
from dicomserver.dicomweb.multipart import LaterPart, Part, counted, made_in_turn
from dicomserver.dicomweb.negotiation import InstanceFormat, frame_format, instance_format
from dicomserver.dicomweb.problems import absent, not_acceptable
from dicomserver.dicomweb.reading import answer_with, etag_for, frame_parts
from dicomserver.dicomweb.selectors import Scope, StoredInstance, data_set_offsets
from dicomserver.dicomweb.storage import pieces, require_readable, told_if_unreadable
from dicomserver.dicomweb.transcoded import transcoded_later, transcoded_part
from dicomserver.dicomweb.views.archive import asks_for_zip, zip_answer
from dicomserver.index.frames import FrameNotFound


@admitted("download")
def instances(
    request: HttpRequest, access: Access, series: str | None = None, instance: str | None = None
) -> HttpResponseBase:
    """The whole instances of a study or series, or one, as Part-10 files."""
    if instance is None and asks_for_zip(request):
        return zip_answer(request, access, series)
    scope = Scope(access.study_instance_uid, series, instance)
    return answer_with_instances(request, access, scope, lambda count: instance_format(request, instances=count))


def answer_with_instances(
    request: HttpRequest, access: Access, scope: Scope, negotiated: Callable[[int], InstanceFormat]
) -> HttpResponseBase:
    """The scope's instances as `negotiated` says for so many. Raises Refused."""
    disguise = access.disguise
    shown = list(shown_instances(scope)) if disguise else []
    stored = [one.stored for one in shown] if disguise else _stored(scope)
    if not stored:
        raise absent("instances")
    accepted = negotiated(len(stored))
    targets = [accepted.target(one.transfer_syntax_uid, has_pixels=one.number_of_frames is not None) for one in stored]
    is_as_stored = all(one.transfer_syntax_uid == target for one, target in zip(stored, targets, strict=True))
    etag = etag_for(access, [one.data_set_sha256 for one in stored], accepted.form, () if is_as_stored else targets)
    frames = sum(one.number_of_frames or 0 for one in stored)
    if disguise is not None:
        if not is_as_stored and not accepted.is_default:
            raise not_acceptable(
                "Instances without identity are served in the transfer syntax that they are stored in."
            )
        with told_if_unreadable(stored[0]):
            parts = [file_part(one, disguise) for one in shown]
    elif is_as_stored:
        parts = [_file_part(one) for one in stored]
    elif len(stored) == 1:
        offset = data_set_offsets(scope)[stored[0].pk]
        parts = [transcoded_part(stored[0], offset, targets[0])]
    else:
        return _in_turn(access, scope, stored, targets)
    return answer_with(request, access, etag, stored, frames, accepted.form, parts)


def _in_turn(access: Access, scope: Scope, stored: list[StoredInstance], targets: list[str]) -> HttpResponseBase:
    """Many instances of which some are transcoded: each when it is its turn."""
    offsets = data_set_offsets(scope)

    def parts() -> Iterator[LaterPart]:
        for one, target in zip(stored, targets, strict=True):
            if one.transfer_syntax_uid == target:
                part = _file_part(one)
                content_type, content = part.content_type, part.pieces()
            else:
                content_type, content = transcoded_later(one, offsets[one.pk], target)
            records.reads.begin(access.reader, instance_pks=[one.pk], frames=one.number_of_frames or 0)
            yield LaterPart(content_type, counted(content, partial(records.reads.add_bytes, access.reader)))

    require_readable(stored[0])
    return made_in_turn(parts(), DICOM)


@admitted("view", READ_BY_FORM)
def frames(request: HttpRequest, access: Access, series: str, instance: str, frame_list: str) -> HttpResponseBase:
    """Frames of one instance in the order asked for, each as it is stored."""
    numbers = frame_numbers(frame_list)
    place = places.memory.find(Scope(access.study_instance_uid, series, instance))
    if place is None:
        raise absent("instance")
    stored, table = place.stored, place.frame_table
    if table is None:
        raise absent("frame: the instance has none")
    form = frame_format(request, stored.transfer_syntax_uid, frames=len(numbers))
    try:
        parts = frame_parts(stored, table, numbers, form)
    except FrameNotFound as error:
        raise absent("frame") from error
    etag = etag_for(access, stored.data_set_sha256, numbers, form)
    response = answer_with(request, access, etag, [stored], len(numbers), form, parts)
    if table.leaves_pixels:
        response.headers["Warning"] = warning_of(LEFT_PIXELS)
    return response


def _stored(scope: Scope) -> list[StoredInstance]:
    if scope.sop_instance_uid is None:
        return selectors.stored_instances(scope)
    place = places.memory.find(scope)
    return [place.stored] if place else []


def _file_part(stored: StoredInstance) -> Part:
    content_type = f"application/dicom; transfer-syntax={stored.transfer_syntax_uid}"
    return Part(content_type, stored.file_bytes, partial(pieces, stored, 0, stored.file_bytes))
