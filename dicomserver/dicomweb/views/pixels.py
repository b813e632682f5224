"""WADO-RS: instances and frames (PS3.18 10.4), copied out of the archive as they were received."""

from functools import partial

from django.http import HttpRequest, HttpResponseBase

from dicomserver.dicomweb import places, selectors
from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.deidentified.files import file_part
from dicomserver.dicomweb.deidentified.selectors import shown_instances
from dicomserver.dicomweb.frame_lists import frame_numbers
from dicomserver.dicomweb.media import frame_format, instance_format
from dicomserver.dicomweb.multipart import Part
from dicomserver.dicomweb.problems import absent
from dicomserver.dicomweb.reading import answer_with, etag_for, frame_part
from dicomserver.dicomweb.selectors import Scope, StoredInstance
from dicomserver.dicomweb.storage import pieces, told_if_unreadable
from dicomserver.dicomweb.views.archive import asks_for_zip, zip_answer
from dicomserver.index.frames import FrameNotFound


@admitted("download")
def instances(
    request: HttpRequest, access: Access, series: str | None = None, instance: str | None = None
) -> HttpResponseBase:
    """The whole instances of a study or series, or one, as Part-10 files."""
    if instance is None and asks_for_zip(request):
        return zip_answer(request, access, series)
    scope, disguise = Scope(access.study_instance_uid, series, instance), access.disguise
    shown = list(shown_instances(scope)) if disguise else []
    stored = [one.stored for one in shown] if disguise else _stored(scope)
    if not stored:
        raise absent("instances")
    form = instance_format(request, instances=len(stored))
    etag = etag_for(access, [one.data_set_sha256 for one in stored], form)
    frames = sum(one.number_of_frames or 0 for one in stored)
    if disguise is None:
        parts = [_file_part(one) for one in stored]
    else:
        with told_if_unreadable(stored[0]):
            parts = [file_part(one, disguise) for one in shown]
    return answer_with(request, access, etag, stored, frames, form, parts)


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
        parts = [frame_part(stored, table, number, form.content_type) for number in numbers]
    except FrameNotFound as error:
        raise absent("frame") from error
    etag = etag_for(access, stored.data_set_sha256, numbers, form)
    return answer_with(request, access, etag, [stored], len(numbers), form, parts)


def _stored(scope: Scope) -> list[StoredInstance]:
    if scope.sop_instance_uid is None:
        return selectors.stored_instances(scope)
    place = places.memory.find(scope)
    return [place.stored] if place else []


def _file_part(stored: StoredInstance) -> Part:
    content_type = f"application/dicom; transfer-syntax={stored.transfer_syntax_uid}"
    return Part(content_type, stored.file_bytes, partial(pieces, stored, 0, stored.file_bytes))
