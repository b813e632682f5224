"""A portal that behaves like the real intake: each message once, a higher revision replaces a lower one."""

import threading
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import BaseModel

from tests.dicomserver.portal_double import PortalDouble, Reply
from wire.messages import body_of
from wire.studies import StudyReport


@dataclass
class Holding:
    """One study as the portal knows it, and every report of it that was taken in."""

    taken_in: list[StudyReport] = field(default_factory=list)

    @property
    def latest(self) -> StudyReport:
        """The report that stands."""
        return max(self.taken_in, key=lambda report: report.revision)


class RememberingPortal(PortalDouble):
    """Takes each message in once, and remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.holdings: dict[str, Holding] = {}
        self.redelivered = 0
        self.contradictions: list[str] = []
        self._messages: dict[UUID, bytes] = {}
        self._lock = threading.Lock()

    def accept(self, path: str, message: BaseModel, reply: Reply | None) -> tuple[int, bytes, dict[str, str]]:
        """Take a report in; everything else as the double does."""
        if not isinstance(message, StudyReport):
            return super().accept(path, message, reply)
        with self._lock:
            known = self._messages.setdefault(message.message_id, body_of(message))
            if len(self._messages) > self.taken_in:
                self.holdings.setdefault(message.study_instance_uid, Holding()).taken_in.append(message)
            else:
                self.redelivered += 1
                if known != body_of(message):
                    self.contradictions.append(f"message {message.message_id} came again with another content")
        return 200, b"", {}

    @property
    def taken_in(self) -> int:
        """How many reports were taken in."""
        return sum(len(holding.taken_in) for holding in self.holdings.values())

    def doubled(self) -> list[str]:
        """What was told twice: the same revision in two messages, or a completion with nothing new in it."""
        found = list(self.contradictions)
        for uid, holding in self.holdings.items():
            revisions = [report.revision for report in holding.taken_in]
            if len(set(revisions)) < len(revisions):
                found.append(f"study {uid}: a revision was reported in two messages: {sorted(revisions)}")
            completions = [content_of(report) for report in holding.taken_in if report.complete]
            if len(set(completions)) < len(completions):
                found.append(f"study {uid}: reported complete twice with the same content")
        return found


def content_of(report: StudyReport) -> bytes:
    """What the report says, whichever message says it."""
    return body_of(report.model_copy(update={"message_id": UUID(int=0), "revision": 1}))
