"""What became of each instance of a request, and the standard's codes for it (PS3.18 Annex I, PS3.4 Table B.2-1)."""

from dataclasses import dataclass, field
from typing import Final

# Table I.2-2, Failure Reason.
PROCESSING_FAILURE: Final = 0x0110
SOP_CLASS_NOT_SUPPORTED: Final = 0x0122
OUT_OF_RESOURCES: Final = 0xA700
DATA_SET_DOES_NOT_MATCH_SOP_CLASS: Final = 0xA900
# The table has no code of its own for an instance of another study than the request's (10.5.1.1.1): one of the range
# "A9xx, data set does not match", so that it can be told from the SOP Class.
DATA_SET_DOES_NOT_MATCH_STUDY: Final = 0xA901
# The same for what a reader stores about another patient, or other physicians, than the study's.
DATA_SET_DOES_NOT_MATCH_PATIENT: Final = 0xA902
CANNOT_UNDERSTAND: Final = 0xC000

# Warning Reason. Table I.2-1 has B000 (coerced), B006 (discarded) and B007 (SOP Class); none is true of an instance
# whose UID was taken by other bytes: it is kept as sent, beside the first, and the first goes on being served. The
# standard leaves further codes to the server, and Bxxx is the range of warnings (PS3.7 Annex C).
KEPT_AS_CONFLICT: Final = 0xB001


@dataclass(frozen=True, slots=True)
class Stored:
    """An instance that is safe here."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    warning: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """An instance that is not; its UIDs are empty where they could not be read."""

    reason: int
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    # No room: what is stored stays intact because nothing more is taken.
    is_full: bool = False


@dataclass(slots=True)
class Results:
    """All instances of one request, in the order of their parts."""

    stored: list[Stored] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)

    @property
    def is_flawless(self) -> bool:
        """Whether there is nothing to warn of."""
        return not self.failed and all(one.warning is None for one in self.stored)
