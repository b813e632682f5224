"""Frames of several instances by one POST, which a browser sends without a pre-flight."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase

from dicomserver.dicomweb import places
from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.admission import Access, admitted
from dicomserver.dicomweb.bundles import AskedFrame, BundledFrame, asked_frames, respond_with
from dicomserver.dicomweb.deidentified import names
from dicomserver.dicomweb.forms import form_of, only_value
from dicomserver.dicomweb.media import MULTIPART, require_acceptable
from dicomserver.dicomweb.problems import absent
from dicomserver.dicomweb.selectors import Scope

FRAMES_FIELD = "frames"


@admitted("view", ("POST",))
def frames(request: HttpRequest, access: Access, series: str) -> HttpResponseBase:
    """The frames that the form asks for, each as it is stored."""
    asked = asked_frames(only_value(form_of(request), FRAMES_FIELD))
    require_acceptable(request, MULTIPART)
    found = _found(access, series, asked)
    if not any(frame.place for frame in found):
        raise absent("instances in this series")
    return respond_with(found, access.reader)


def _found(access: Access, series: str, asked: list[AskedFrame]) -> list[BundledFrame]:
    """The asked frames with their places, under the addresses by which the reader knows them."""
    originals = {
        uid: _original(access, series, uid) for uid in dict.fromkeys(frame.sop_instance_uid for frame in asked)
    }
    known = [uid for uid in originals.values() if uid is not None]
    found = places.memory.find_several(Scope(access.study_instance_uid, series), known)
    series_url = url_of(access.shown_study_instance_uid, _shown(access, series))
    series_path = urlsplit(series_url).path
    return [
        BundledFrame(
            f"{series_path}/instances/{frame.sop_instance_uid}/frames/{frame.number}",
            found.get(originals[frame.sop_instance_uid] or ""),
            frame.number,
        )
        for frame in asked
    ]


def _shown(access: Access, uid: str) -> str:
    """The UID as the reader knows it."""
    return uid if access.disguise is None else access.disguise.uid(uid)


def _original(access: Access, series: str, sop_instance_uid: str) -> str | None:
    """The instance's UID in the index; None where a mapped one stands for nothing in the series."""
    if access.disguise is None:
        return sop_instance_uid
    found = names.memory.originals(access.disguise, access.disguise.uid(series), sop_instance_uid)
    return None if found is None else found[1]
