"""Why an instance is not taken: refused for good, or for now."""

from enum import StrEnum


class Reason(StrEnum):
    """Stable codes of refusals; they stand in the quarantine's rows and in the log."""

    NO_UID = "no_uid"
    MALFORMED_UID = "malformed_uid"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    TOO_COMPLEX = "too_complex"
    OTHER_SOP_CLASS = "other_sop_class"
    OTHER_SOP_INSTANCE = "other_sop_instance"
    NOT_INDEXED = "not_indexed"
    REPLACED = "replaced"
    CONFLICT = "conflict"


class IngestError(Exception):
    """An instance was not taken; nothing of it is in the archive or the index."""


class InstanceRefused(IngestError):
    """The data set itself is the reason: sending it again will not help. It was set aside in quarantine."""

    def __init__(self, reason: Reason, explanation: str) -> None:
        super().__init__(explanation)
        self.reason = reason


class IngestUnavailable(IngestError):
    """No room, or no database: sending it again later will help."""
