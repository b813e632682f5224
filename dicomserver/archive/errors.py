"""What can go wrong while bytes are put away: split by whether trying again later can help."""


class ArchiveError(Exception):
    """The file system refused; the message names the operation and the cause, never patient data."""


class ArchiveFull(ArchiveError):
    """No room beyond the reserve: refuse now, so that what is stored stays intact and readable."""
