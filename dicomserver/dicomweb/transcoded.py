"""Instances and frames in another transfer syntax than they are stored in, made as they are sent."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Final

from dicomserver.dicomweb.media import DICOM
from dicomserver.dicomweb.multipart import Part
from dicomserver.dicomweb.pictures.attributes import pixel_attributes
from dicomserver.dicomweb.preparing import metadata_of
from dicomserver.dicomweb.problems import not_acceptable
from dicomserver.dicomweb.selectors import StoredInstance
from dicomserver.dicomweb.storage import opened, path_of, told_if_unreadable
from dicomserver.index.frames import FrameTable
from dicomserver.transcoding.errors import CannotTranscode
from dicomserver.transcoding.frames import transcoded_frame
from dicomserver.transcoding.instances import TranscodedInstance, transcoded_instance

logger = logging.getLogger(__name__)

PIECE_BYTES: Final = 1024 * 1024


def transcoded_part(stored: StoredInstance, data_set_offset: int, target: str) -> Part:
    """The instance in the target, made now: its length stands before the answer. Raises Refused (406, 500)."""
    kept = ExitStack()
    try:
        with told_if_unreadable(stored):
            made = kept.enter_context(_made(stored, data_set_offset, target))
    except CannotTranscode as error:
        raise not_acceptable(str(error)) from error
    content_type = f"{DICOM}; transfer-syntax={made.transfer_syntax_uid}"
    return Part(content_type, made.size, partial(_read_out, made.file, kept))


def transcoded_later(stored: StoredInstance, data_set_offset: int, target: str) -> tuple[str, Iterable[bytes]]:
    """The same when it is its turn among many; as it is stored where it cannot be transcoded after all.

    Raises OSError where its file cannot be read.
    """
    kept = ExitStack()
    try:
        made = kept.enter_context(_made(stored, data_set_offset, target))
    except CannotTranscode as error:
        about = {"sop_instance_uid": stored.sop_instance_uid, "reason": str(error)}
        logger.warning("An instance is sent as it is stored, for it cannot be transcoded", extra=about)
        file = Path(path_of(stored)).open("rb")  # noqa: SIM115 - closed by the stack
        kept.enter_context(file)
        return f"{DICOM}; transfer-syntax={stored.transfer_syntax_uid}", _read_out(file, kept)
    return f"{DICOM}; transfer-syntax={made.transfer_syntax_uid}", _read_out(made.file, kept)


def transcoded_frame_part(
    stored: StoredInstance, table: FrameTable, number: int, content_type: str, target: str
) -> Part:
    """A frame in the target, made now. Raises FrameNotFound and Refused (406, 500)."""
    prepared = metadata_of(stored.pk)
    try:
        if prepared is None:
            raise CannotTranscode("The instance has no metadata.")
        attributes = pixel_attributes(prepared[0], number)
        with told_if_unreadable(stored), opened(stored) as descriptor:
            frame = table.read(descriptor, number)
        made = transcoded_frame(frame, attributes, stored.transfer_syntax_uid, target)
    except (CannotTranscode, ValueError) as error:
        raise not_acceptable(f"The frame cannot be sent in that transfer syntax. {error}") from error
    return Part(content_type, len(made), lambda: [made])


def _made(stored: StoredInstance, data_set_offset: int, target: str) -> AbstractContextManager[TranscodedInstance]:
    return transcoded_instance(Path(path_of(stored)), data_set_offset, stored.transfer_syntax_uid, target)


def _read_out(file: IO[bytes], kept: ExitStack) -> Iterator[bytes]:
    with kept:
        while piece := file.read(PIECE_BYTES):
            yield piece
