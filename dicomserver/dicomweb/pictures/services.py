"""Makes pictures of stored frames and keeps them on disk, as long as there is room in the cache."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PIL import Image

from dicomserver.dicomweb.pictures.annotating import annotated
from dicomserver.dicomweb.pictures.asking import NO_WISHES, Wishes
from dicomserver.dicomweb.pictures.attributes import (
    PALETTE_DATA,
    PALETTE_DESCRIPTORS,
    Palette,
    attributes_of,
    inline_binary,
    palette_descriptor,
)
from dicomserver.dicomweb.pictures.composing import JPEG, Box, composed, encoded
from dicomserver.dicomweb.pictures.display import display_of
from dicomserver.dicomweb.pictures.drawing import draw
from dicomserver.dicomweb.preparing import metadata_of
from dicomserver.dicomweb.selectors import StoredInstance
from dicomserver.dicomweb.storage import opened, pieces
from dicomserver.index.frames import FrameTable
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.cache import cache_folder, keep
from dicomserver.transcoding.decoding import Undecodable, decode_frame

THUMBNAIL_BOX: Final = (256, 256)
# Part of a kept picture's name: another way of drawing is another name.
DRAWN_AS: Final = "2"
_THUMBNAIL: Final = "thumbnail"
_RENDERED: Final = "rendered"
_FLOAT_TAGS: Final = frozenset({"7FE00008", "7FE00009"})
_MAX_PALETTE_BYTES: Final = 2 * 65536


def picture(
    stored: StoredInstance,
    table: FrameTable,
    frame: int,
    *,
    box: Box | None = None,
    wishes: Wishes = NO_WISHES,
    media_type: str = JPEG,
) -> bytes:
    """Frame `frame` (from 1) as a file of the media type. Raises Undecodable, Refused, FrameNotFound and OSError."""
    return encoded(image_of(stored, table, frame, box=box, wishes=wishes), media_type, wishes)


def image_of(
    stored: StoredInstance, table: FrameTable, frame: int, *, box: Box | None = None, wishes: Wishes = NO_WISHES
) -> Image.Image:
    """Frame `frame` (from 1) as an image. Raises Undecodable, Refused, FrameNotFound and OSError."""
    prepared = metadata_of(stored.pk)
    if prepared is None:
        raise Undecodable("The instance has no metadata.")
    dicom_json, bulk_data = prepared
    ds = json.loads(dicom_json)
    try:
        attributes = attributes_of(ds, frame)
    except ValueError as error:
        raise Undecodable(f"The instance makes no picture: {error}.") from error
    with opened(stored) as descriptor:
        data = table.read(descriptor, frame)
    is_float = not _FLOAT_TAGS.isdisjoint(bulk_data)
    samples = decode_frame(data, stored.transfer_syntax_uid, attributes, is_float=is_float)
    is_palette = attributes.photometric_interpretation == "PALETTE COLOR"
    palettes = _palettes(stored, ds, bulk_data) if is_palette else ()
    display = display_of(ds, frame)
    drawn = draw(samples, attributes, palettes, display, wishes.window)
    return annotated(composed(drawn, display.aspect, wishes, box=box), ds, frame, wishes.annotations)


def thumbnail(stored: StoredInstance, table: FrameTable, answered_for: str = "") -> bytes:
    """The middle frame, small; made once and kept on disk. Raises Undecodable and OSError."""
    kind = f"{_THUMBNAIL}{answered_for}"
    return _made_once(stored, kind, lambda: picture(stored, table, middle_frame(table), box=THUMBNAIL_BOX))


def middle_frame(table: FrameTable) -> int:
    """The number of the frame that a thumbnail shows."""
    return table.count // 2 + 1


def whole_picture(stored: StoredInstance, table: FrameTable, answered_for: str = "") -> bytes:
    """The first frame in full size; made once and kept on disk. Raises Undecodable, FrameNotFound and OSError."""
    return _made_once(stored, f"{_RENDERED}{answered_for}", lambda: picture(stored, table, 1))


def forget_pictures(data_set_sha256: str, instance_pk: int) -> None:
    """Remove the kept pictures of an instance, if there are any. Raises OSError."""
    for kind in (_THUMBNAIL, _RENDERED):
        _path_of(data_set_sha256, instance_pk, kind).unlink(missing_ok=True)


def _made_once(stored: StoredInstance, kind: str, draw: Callable[[], bytes]) -> bytes:
    path = _path_of(stored.data_set_sha256, stored.pk, kind)
    try:
        return path.read_bytes()
    except OSError:
        # Not drawn yet; a disk that cannot be read may still hold the frame somewhere else.
        made = draw()
    keep(configured_archive(), path, made)
    return made


def _path_of(data_set_sha256: str, instance_pk: int, kind: str) -> Path:
    name = hashlib.sha256(f"{data_set_sha256} {instance_pk} {kind} {DRAWN_AS}".encode()).hexdigest()
    return cache_folder() / "pictures" / name[:2] / f"{name}.jpg"


def _palettes(stored: StoredInstance, ds: dict[str, Any], bulk_data: dict[str, list[Any]]) -> tuple[Palette, ...]:
    palettes = []
    for descriptor_tag, data_tag in zip(PALETTE_DESCRIPTORS, PALETTE_DATA, strict=True):
        descriptor = palette_descriptor(ds, descriptor_tag)
        entries = inline_binary(ds, data_tag)
        if entries is None and data_tag in bulk_data:
            _, offset, length = bulk_data[data_tag]
            entries = b"".join(pieces(stored, offset, min(length, _MAX_PALETTE_BYTES)))
        if descriptor is not None and entries:
            palettes.append(Palette(entries, *descriptor))
    return tuple(palettes)
