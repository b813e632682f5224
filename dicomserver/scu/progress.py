"""How far a retrieval is, as the machine says that sends the instances (PS3.4 C.4.2.1.6, C.4.3.1.5)."""

from dataclasses import dataclass
from typing import Any, Final

from dicomserver.scu.association import error_comment
from dicomserver.scu.errors import ConnectionLost

PENDING: Final = 0xFF00


@dataclass(frozen=True, slots=True)
class RetrieveProgress:
    """One answer: how many sub-operations are where, as far as the machine says, and its status and words."""

    remaining: int | None
    completed: int | None
    failed: int | None
    warnings: int | None
    status: int
    comment: str = ""

    @property
    def is_final(self) -> bool:
        """Whether no more follows."""
        return self.status != PENDING


def progress_of(answer: Any, kind: type) -> RetrieveProgress:
    """What a response of this kind (C_MOVE, C_GET) says. Raises ConnectionLost where it is something else."""
    if not isinstance(answer, kind) or getattr(answer, "Status", None) is None:
        raise ConnectionLost("The machine answered something else.")
    said: Any = answer
    return RetrieveProgress(
        remaining=said.NumberOfRemainingSuboperations,
        completed=said.NumberOfCompletedSuboperations,
        failed=said.NumberOfFailedSuboperations,
        warnings=said.NumberOfWarningSuboperations,
        status=said.Status,
        comment=error_comment(said),
    )
