"""What can go wrong while bytes are put away: what is the matter with the disk, and whether it is only full."""

import errno
import os
from enum import StrEnum
from typing import Final


class Trouble(StrEnum):
    """What keeps an archive from storing; the values travel in heartbeats and metrics."""

    FULL = "full"
    NO_INODES = "no_inodes"
    READ_ONLY = "read_only"
    NO_PERMISSION = "no_permission"
    MISSING = "missing"
    FAILING = "failing"


class ArchiveError(Exception):
    """The file system refused; the message names the operation and the cause, never patient data."""

    def __init__(self, message: str, trouble: Trouble = Trouble.FAILING) -> None:
        super().__init__(message)
        self.trouble = trouble


class ArchiveFull(ArchiveError):
    """No room beyond the reserve: refuse now, so that what is stored stays intact and readable."""

    def __init__(self, message: str, trouble: Trouble = Trouble.FULL) -> None:
        super().__init__(message, trouble)


_TROUBLES: Final = {
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
    errno.EROFS: Trouble.READ_ONLY,
    errno.EACCES: Trouble.NO_PERMISSION,
    errno.EPERM: Trouble.NO_PERMISSION,
    errno.ENOENT: Trouble.MISSING,
    errno.ENOTDIR: Trouble.MISSING,
}
# A sender shows the first 64 characters to its operator (the Error Comment of PS3.7 C).
_SENTENCES: Final = {
    Trouble.READ_ONLY: "The archive is read-only.",
    Trouble.NO_PERMISSION: "The archive's folders give this server no permission.",
}


def archive_error(operation: str, error: OSError) -> ArchiveError:
    """The file system's error as the archive's."""
    number = error.errno or 0
    trouble = _TROUBLES.get(number, Trouble.FAILING)
    if trouble is Trouble.FULL:
        what = "its quota is used up" if number == errno.EDQUOT else "its disk has no room"
        return ArchiveFull(f"The archive is full: {what}.")
    sentence = _SENTENCES.get(trouble, f"The archive could not {operation}: {os.strerror(number)}.")
    return ArchiveError(sentence, trouble)
