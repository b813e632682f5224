"""What became of each file of an import, in words that a reader of them understands."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dicomserver.ingest.outcomes import Outcome

MAX_NAME: Final = 300


class FileOutcome(StrEnum):
    """What became of one file; the first three are those of `ingest`, in which it is in the archive or known to it."""

    STORED = "stored"
    ALREADY_STORED = "already_stored"
    CONFLICT = "conflict"
    REFUSED = "refused"
    NOT_DICOM = "not DICOM"
    UNREADABLE = "unreadable"
    # A medium's own list of contents, and what that names and the medium lacks.
    DICOMDIR = "DICOMDIR"
    MISSING = "missing"

    @property
    def is_taken(self) -> bool:
        """Whether nothing of the file is lost when it is removed."""
        return self in {FileOutcome.STORED, FileOutcome.ALREADY_STORED, FileOutcome.CONFLICT, FileOutcome.DICOMDIR}


@dataclass(frozen=True, slots=True)
class FileResult:
    """One file: its name (in an archive, with the archive's before it), what became of it, and why.

    `reason` is a stable code where there is one, `explanation` a sentence; neither holds patient data. The UIDs are
    those of what was taken.
    """

    name: str
    outcome: FileOutcome
    explanation: str = ""
    reason: str = ""
    study_instance_uid: str = ""
    sop_instance_uid: str = ""


def outcome_of(outcome: Outcome) -> FileOutcome:
    """What ingest said, as the outcome of a file."""
    return FileOutcome(str(outcome))


def shown_name(name: str) -> str:
    """A name that somebody else chose, fit to be printed: no control characters, not endless."""
    printable = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
    return printable if len(printable) <= MAX_NAME else f"{printable[: MAX_NAME - 1]}…"
