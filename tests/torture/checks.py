"""Looks whether all that was acknowledged is there, once, byte by byte, and was told to the portal once."""

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dicomserver.archive.part10 import read_file_head
from tests.live_folders import files_in
from tests.torture.ledger import Ledger
from tests.torture.portal import RememberingPortal
from tests.torture.server import TorturedServer

# Answers that a sender may get: what is stored, and what says that it may be tried again later.
KNOWN_ANSWERS = frozenset({"sent", "stored", "interrupted", "0xa700", "HTTP 503"})
SHOWN = 5
INDEXED = """
    SELECT i.sop_instance_uid, i.relative_path, i.data_set_sha256, i.file_bytes, s.study_instance_uid
    FROM index_instance i JOIN index_series e ON e.id = i.series_id JOIN index_study s ON s.id = e.study_id
"""
COUNTS = "SELECT study_instance_uid, number_of_instances, completed_at IS NOT NULL FROM index_study"
SERIES_COUNTS = """
    SELECT e.number_of_instances, count(i.id) FROM index_series e LEFT JOIN index_instance i ON i.series_id = e.id
    GROUP BY e.id HAVING e.number_of_instances <> count(i.id)
"""


class Inspection:
    """One look at a server; `problems` says what is wrong, in sentences."""

    def __init__(self, server: TorturedServer, ledger: Ledger) -> None:
        self.server, self.ledger = server, ledger
        self.problems: list[str] = []
        self.found = 0

    def look_at_archive(self, acknowledged: set[str], already_seen: set[str]) -> None:
        """Each of these instances is in the index once, and its file holds what was sent, unless it was seen before."""
        rows = self.server.query(INDEXED)
        self.note("in the index more than once", [uid for uid, n in Counter(row[0] for row in rows).items() if n > 1])
        by_uid = {row[0]: row for row in rows}
        self.note("acknowledged, but not in the index", acknowledged - by_uid.keys())
        to_read = [by_uid[uid] for uid in acknowledged & by_uid.keys() - already_seen]
        with ThreadPoolExecutor(4) as pool:
            wrong = [problem for problem in pool.map(self._look_at_file, to_read) if problem]
        self.note("not as it was sent", wrong)
        self.found = len(acknowledged & by_uid.keys()) - len(wrong)
        if not wrong:
            already_seen |= {row[0] for row in to_read}

    def look_at_rest(self, portal: RememberingPortal) -> None:
        """When all is quiet: nothing is left over, nothing is double, the portal knows the right numbers."""
        self._look_at_folders()
        self._look_at_counts()
        self._look_at_portal(portal)
        for table, what in (("index_conflict", "conflicts"), ("index_quarantinedfile", "files in quarantine")):
            ((count,),) = self.server.query(f"SELECT count(*) FROM {table}")
            self.note(f"{what} though no two instances share a UID", [str(count)] if count else [])
        self.note(
            "answers that no sender should get", [f"{self.ledger.answers[one]} x {one}" for one in self._unknown()]
        )
        verified = self.server.command("verify_archive", check=False)
        self.note(
            "verify_archive finds damage", [] if verified.returncode == 0 else [verified.stdout + verified.stderr]
        )

    def note(self, what: str, which: object) -> None:
        """Write a problem down, if there is one; a few of those concerned are named."""
        concerned = sorted(which) if isinstance(which, set | list | frozenset) else list(map(str, which))  # type: ignore[call-overload]
        if concerned:
            self.problems.append(f"{what}: {len(concerned)}, among them {', '.join(map(str, concerned[:SHOWN]))}")

    def _unknown(self) -> list[str]:
        return sorted(self.ledger.answers.keys() - KNOWN_ANSWERS)

    def _look_at_file(self, row: tuple[str, str, str, int, str]) -> str:
        uid, relative_path, indexed_sha256, file_bytes, study = row
        path = self.server.home / "archive" / relative_path
        try:
            with path.open("rb") as file:
                offset = read_file_head(file).data_set_offset
                file.seek(offset)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
        except (OSError, ValueError) as error:
            return f"{relative_path} ({type(error).__name__})"
        sent_study, sent_sha256 = self.ledger.sent[uid]
        if (digest, study) != (sent_sha256, sent_study):
            return f"{relative_path} (other bytes)"
        if (indexed_sha256, file_bytes) != (sent_sha256, size):
            return f"{relative_path} (the index says something else)"
        return ""

    def _look_at_folders(self) -> None:
        archive = self.server.home / "archive"
        stored = {path.relative_to(archive).as_posix() for path in files_in(archive)}
        rows = self.server.query(INDEXED)
        self.note("in the index, but nobody sent it", {row[0] for row in rows} - self.ledger.sent.keys())
        indexed = {row[1] for row in rows}
        self.note("in the archive, but not in the index", stored - indexed)
        self.note("in the index, but not in the archive", indexed - stored)
        self.note("under more than one name", [p for p in stored if (archive / p).stat().st_nlink > 1])
        self.note("left in incoming/", [str(path) for path in left_over(self.server.home / "incoming")])

    def _look_at_counts(self) -> None:
        expected = {uid: len(instances) for uid, instances in self.ledger.studies.items()}
        counted = {uid: count for uid, count, _ in self.server.query(COUNTS)}
        self.note("studies that count wrongly", _different(expected, counted))
        self.note("series that count wrongly", [str(row) for row in self.server.query(SERIES_COUNTS)])

    def _look_at_portal(self, portal: RememberingPortal) -> None:
        expected = {uid: len(instances) for uid, instances in self.ledger.studies.items()}
        latest = {uid: holding.latest for uid, holding in portal.holdings.items()}
        told = {uid: report.number_of_study_related_instances for uid, report in latest.items()}
        self.note("studies of which the portal has another number", _different(expected, told))
        told = {
            uid: sum(one.number_of_series_related_instances for one in report.series) for uid, report in latest.items()
        }
        self.note("studies whose series the portal counts otherwise", _different(expected, told))
        self.note("studies not told as complete", [uid for uid, report in latest.items() if not report.complete])
        self.note("told twice", portal.doubled())
        self.note("refused by the portal", portal.refused)


def left_over(incoming: Path) -> list[Path]:
    """Files that hold something; empty ones are made ahead."""
    return [path for path in files_in(incoming) if path.stat().st_size > 0]


def _different(expected: dict[str, int], found: dict[str, int]) -> list[str]:
    uids = expected.keys() | found.keys()
    return [
        f"{uid} ({found.get(uid)} instead of {expected.get(uid)})"
        for uid in sorted(uids)
        if expected.get(uid) != found.get(uid)
    ]
