"""Reading from the archive by path, offset and length; nothing is parsed."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings

from dicomserver.archive import Archive
from dicomserver.dicomweb.problems import Refused
from dicomserver.dicomweb.selectors import StoredInstance
from wire import problems

logger = logging.getLogger(__name__)

PIECE_BYTES: Final = 1024 * 1024


@contextmanager
def opened(stored: StoredInstance) -> Iterator[int]:
    """A descriptor of the instance's file. Raises OSError."""
    path = Archive(settings.DICOM_SERVER_HOME).path_of(stored.relative_path)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def require_readable(stored: StoredInstance) -> None:
    """Raise Refused (500) where the file is not what the index says, before anything is sent."""
    try:
        with opened(stored) as descriptor:
            if os.fstat(descriptor).st_size == stored.file_bytes:
                return
        reason = "another size"
    except OSError as error:
        reason = os.strerror(error.errno or 0)
    logger.error("A stored file cannot be read", extra={"sop_instance_uid": stored.sop_instance_uid, "reason": reason})
    raise Refused(500, problems.INTERNAL, "Instance unreadable", "The instance's file cannot be read on this server.")


def pieces(stored: StoredInstance, offset: int, length: int) -> Iterator[bytes]:
    """The bytes of a region of the instance's file. Raises OSError where the file ends before."""
    with opened(stored) as descriptor:
        end = offset + length
        while offset < end:
            piece = os.pread(descriptor, min(PIECE_BYTES, end - offset), offset)
            if not piece:
                raise OSError("The file ends within the value.")
            offset += len(piece)
            yield piece
