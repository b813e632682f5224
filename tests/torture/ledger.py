"""What the senders wrote down: the truth that the server is measured by."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Ledger:
    """All senders' notes; `read` goes on where it ended, so that it can be asked while they send."""

    logs: list[Path]
    # SOP Instance UID -> StudyInstanceUID, digest of the data set.
    sent: dict[str, tuple[str, str]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    _read_bytes: Counter[Path] = field(default_factory=Counter)

    def read(self) -> None:
        """Take in what was written since the last time."""
        for log in self.logs:
            with log.open("rb") as file:
                file.seek(self._read_bytes[log])
                content = file.read()
            # A line is written at once, but the last one may be on its way.
            whole = content[: content.rfind(b"\n") + 1]
            self._read_bytes[log] += len(whole)
            for line in whole.decode().splitlines():
                self._take_in(*line.split("\t"))

    def _take_in(self, kind: str, *words: str) -> None:
        if kind == "sent":
            uid, study, sha256 = words
            assert self.sent.setdefault(uid, (study, sha256)) == (study, sha256), f"{uid} was made twice, differently"
            self.answers["sent"] += 1
        elif kind == "stored":
            self.acknowledged.add(words[0])
            self.answers["stored"] += 1
        elif kind == "refused":
            self.answers[words[1]] += 1
        else:
            self.answers[kind] += 1

    @property
    def studies(self) -> dict[str, set[str]]:
        """The acknowledged instances by study."""
        found: dict[str, set[str]] = {}
        for uid in self.acknowledged:
            found.setdefault(self.sent[uid][0], set()).add(uid)
        return found
