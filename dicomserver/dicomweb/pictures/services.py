"""Makes pictures of stored frames and keeps the small ones on disk."""

import hashlib
import json
import logging
import os
import threading
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from dicomserver.dicomweb.pictures.attributes import (
    PALETTE_DATA,
    PALETTE_DESCRIPTORS,
    Palette,
    inline_binary,
    palette_descriptor,
    pixel_attributes,
)
from dicomserver.dicomweb.pictures.decoding import Undecodable, decode_frame
from dicomserver.dicomweb.pictures.drawing import draw, jpeg_of
from dicomserver.dicomweb.preparing import metadata_of
from dicomserver.dicomweb.selectors import StoredInstance
from dicomserver.dicomweb.storage import opened, pieces
from dicomserver.index.frames import FrameTable

logger = logging.getLogger(__name__)

THUMBNAIL_SIDE: Final = 256
# Part of a kept picture's name: another way of drawing is another name.
DRAWN_AS: Final = "1"
_FLOAT_TAGS: Final = frozenset({"7FE00008", "7FE00009"})
_MAX_PALETTE_BYTES: Final = 2 * 65536


def picture(stored: StoredInstance, stored_table: dict[str, Any], frame: int, *, side: int | None = None) -> bytes:
    """Frame `frame` (from 1) as JPEG. Raises Undecodable, FrameNotFound and OSError."""
    prepared = metadata_of(stored.pk)
    if prepared is None:
        raise Undecodable("The instance has no metadata.")
    dicom_json, bulk_data = prepared
    try:
        attributes = pixel_attributes(dicom_json, frame)
    except ValueError as error:
        raise Undecodable(f"The instance makes no picture: {error}.") from error
    with opened(stored) as descriptor:
        data = FrameTable.from_json(stored_table).read(descriptor, frame)
    is_float = not _FLOAT_TAGS.isdisjoint(bulk_data)
    samples = decode_frame(data, stored.transfer_syntax_uid, attributes, is_float=is_float)
    is_palette = attributes.photometric_interpretation == "PALETTE COLOR"
    palettes = _palettes(stored, json.loads(dicom_json), bulk_data) if is_palette else ()
    return jpeg_of(draw(samples, attributes, palettes), longest_side=side)


def thumbnail(stored: StoredInstance, stored_table: dict[str, Any]) -> bytes:
    """The middle frame, small; made once and kept on disk. Raises Undecodable and OSError."""
    path = _kept_path(stored)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    count = FrameTable.from_json(stored_table).count
    made = picture(stored, stored_table, count // 2 + 1, side=THUMBNAIL_SIDE)
    _keep(path, made)
    return made


def _kept_path(stored: StoredInstance) -> Path:
    name = hashlib.sha256(f"{stored.data_set_sha256} {stored.pk} {DRAWN_AS}".encode()).hexdigest()
    return Path(settings.DICOM_SERVER_HOME) / "cache" / "thumbnails" / name[:2] / f"{name}.jpg"


def _keep(path: Path, content: bytes) -> None:
    """Whole or not at all; a full disk only means that it is drawn again next time."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        logger.warning("A thumbnail could not be kept", extra={"reason": os.strerror(error.errno or 0)})


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
