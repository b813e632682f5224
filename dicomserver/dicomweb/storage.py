"""Reading from the archive by path, offset and length; nothing is parsed."""

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from dicomserver.archive import Archive
from dicomserver.dicomweb.problems import unreadable
from dicomserver.dicomweb.selectors import StoredInstance

logger = logging.getLogger(__name__)

PIECE_BYTES: Final = 1024 * 1024


@contextmanager
def opened(stored: StoredInstance) -> Iterator[int]:
    """A descriptor of the instance's file. Raises OSError, also where the file has another size than indexed."""
    descriptor = os.open(path_of(stored), os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_size != stored.file_bytes:
            raise OSError(errno.ESTALE, "another size")
        yield descriptor
    finally:
        os.close(descriptor)


def is_as_indexed(stored: StoredInstance) -> bool:
    """Whether the instance's file is there and of the size that goes with its places."""
    try:
        return os.stat(path_of(stored)).st_size == stored.file_bytes  # noqa: PTH116 - see path_of
    except OSError:
        return False


def require_readable(stored: StoredInstance) -> None:
    """Raise Refused (500) where the file is not what the index says, before anything is sent."""
    with told_if_unreadable(stored), opened(stored):
        pass


@contextmanager
def told_if_unreadable(stored: StoredInstance) -> Iterator[None]:
    """Raise Refused (500) where reading the instance's file fails."""
    try:
        yield
    except OSError as error:
        about = {"sop_instance_uid": stored.sop_instance_uid, "reason": error.strerror}
        logger.error("A stored file cannot be read", extra=about)
        raise unreadable() from error


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


def path_of(stored: StoredInstance) -> str:
    """Where the instance's file is."""
    # Joined as text: paths as objects would take a tenth of the time of a frame request.
    return f"{_root_of(settings.DICOM_SERVER_HOME)}/{stored.relative_path}"


@lru_cache(maxsize=4)
def _root_of(home: Path) -> str:
    return str(Archive(home).root)
