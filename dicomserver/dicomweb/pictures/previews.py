"""A picture of a series for the moment until its reader sees the frames: of the frame that is shown first."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from django.http import HttpRequest

from dicomserver.dicomweb import places
from dicomserver.dicomweb.deidentified.shown import IS_SHOWN
from dicomserver.dicomweb.pictures.composing import Box
from dicomserver.dicomweb.pictures.reading_order import first_shown
from dicomserver.dicomweb.pictures.services import DRAWN_AS, picture
from dicomserver.dicomweb.problems import absent, invalid
from dicomserver.dicomweb.selectors import Scope
from dicomserver.dicomweb.storage import require_readable
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.cache import cache_folder, keep
from dicomserver.ingest.metadata import prepare_metadata

PREPARED_BOX: Final = (512, 512)
SIDES: Final = range(16, 1025)


class Preview(NamedTuple):
    """A picture as JPEG, and of which frame (from 1) of which instance of the index."""

    sop_instance_uid: str
    frame: int
    jpeg: bytes


def wanted_box(request: HttpRequest) -> Box | None:
    """Width and height that the picture fits into (PS3.18 8.3.5.1.3); None where nothing is said. Raises Refused."""
    text = request.GET.get("viewport")
    if text is None:
        return None
    sides = [int(side) if side.isascii() and side.isdigit() and len(side) <= 4 else 0 for side in text.split(",")]
    if len(sides) != 2 or not all(side in SIDES for side in sides):
        raise invalid(f"A viewport is a width and a height, each {SIDES.start} to {SIDES.stop - 1} pixels.")
    return sides[0], sides[1]


def preview(scope: Scope, state: bytes, box: Box, *, is_disguised: bool = False) -> Preview:
    """The preview of a series in this state; made once and kept on disk.

    Raises Refused where nothing can be shown, Undecodable, FrameNotFound and OSError.
    """
    path = _path_of(state, box)
    try:
        return _read(path.read_bytes())
    except (OSError, ValueError):
        # Not drawn yet.
        made = _drawn(scope, box, is_disguised=is_disguised)
    keep(configured_archive(), path, f"{made.sop_instance_uid} {made.frame}\n".encode() + made.jpeg)
    return made


def _drawn(scope: Scope, box: Box, *, is_disguised: bool) -> Preview:
    found = first_shown(_metadata(scope, is_disguised=is_disguised))
    if found is None:
        raise absent("series, or it has no pictures")
    place = places.memory.find(Scope(scope.study_instance_uid, scope.series_instance_uid, found.sop_instance_uid))
    if place is None or place.frame_table is None:
        raise absent("frame that the series begins with")
    require_readable(place.stored)
    return Preview(
        found.sop_instance_uid, found.number, picture(place.stored, place.frame_table, found.number, box=box)
    )


def _metadata(scope: Scope, *, is_disguised: bool) -> Iterator[str]:
    """The attributes of each instance that the reader may see, as JSON."""
    instances = scope.instances().filter(IS_SHOWN) if is_disguised else scope.instances()
    prepare_metadata(instances, configured_archive())
    rows = instances.order_by().filter(metadata__isnull=False).values_list("metadata__dicom_json", flat=True)
    yield from rows.iterator(chunk_size=500)


def _path_of(state: bytes, box: Box) -> Path:
    name = hashlib.sha256(f"preview {state.hex()} {box} {DRAWN_AS}".encode()).hexdigest()
    return cache_folder() / "pictures" / name[:2] / f"{name}.preview"


def _read(content: bytes) -> Preview:
    """What was kept. Raises ValueError."""
    head, _, jpeg = content.partition(b"\n")
    uid, frame = head.decode().split()
    return Preview(uid, int(frame), jpeg)
