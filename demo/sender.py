"""Sends files to a DICOM Server by C-STORE, as a modality does; what cannot be sent is counted and passed over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pynetdicom import AE, build_context
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from demo.places import HOST, ServerPlace
from demo.requestors import steady

CALLING_AE_TITLE = "PHANTOM"
# PS3.8 9.3.2: presentation context IDs are odd numbers of one byte; one of the 128 is for Verification.
CONTEXTS_PER_ASSOCIATION = 127
SUCCESS = 0x0000
# PS3.4 Table B.2-1: B000, B006 and B007 are warnings, the instance was stored.
WARNINGS = range(0xB000, 0xC000)
ANSWER_SECONDS = 60


class NoAssociation(Exception):
    """The server does not let us in."""


@dataclass
class SendCounts:
    """What became of the files."""

    stored: int = 0
    refused: int = 0
    not_dicom: int = 0
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [f"{self.stored} stored"]
        if self.refused:
            parts.append(f"{self.refused} refused by the server")
        if self.not_dicom:
            parts.append(f"{self.not_dicom} not sendable as DICOM")
        return ", ".join(parts)


@dataclass(frozen=True)
class Sendable:
    """A file with the presentation context that it needs."""

    path: Path
    sop_class_uid: str
    transfer_syntax_uid: str

    @property
    def context(self) -> tuple[str, str]:
        """Abstract and transfer syntax."""
        return self.sop_class_uid, self.transfer_syntax_uid


def sendable(path: Path) -> Sendable | None:
    """What a file needs to be sent, or None where it is no DICOM file of an instance."""
    try:
        meta = read_file_meta_info(path)
        found = Sendable(path, str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID))
    except (InvalidDicomError, AttributeError, ValueError, TypeError, NotImplementedError, EOFError, OSError):
        return None
    return found if all(found.context) else None


def files_below(folder: Path) -> Iterator[Path]:
    """All files of a folder in a stable order."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def send_files(server: ServerPlace, paths: Iterable[Path]) -> SendCounts:
    """Send files in their own transfer syntax. Raises NoAssociation where the server lets us in for none."""
    counts = SendCounts()
    files: list[Sendable] = []
    for path in paths:
        found = sendable(path)
        if found is None:
            counts.not_dicom += 1
            counts.failed.append(path.name)
        else:
            files.append(found)
    contexts = sorted({file.context for file in files})
    for start in range(0, len(contexts), CONTEXTS_PER_ASSOCIATION):
        chosen = set(contexts[start : start + CONTEXTS_PER_ASSOCIATION])
        send_some(server, [file for file in files if file.context in chosen], counts)
    return counts


def send_some(server: ServerPlace, files: list[Sendable], counts: SendCounts) -> None:
    """Send files whose contexts fit one association; a lost one is opened again."""
    assoc: Association | None = None
    try:
        for file in files:
            if assoc is None or not assoc.is_established:
                assoc = associate(server, {one.context for one in files})
            send_one(assoc, file, counts)
    finally:
        if assoc is not None and assoc.is_established:
            assoc.release()


def associate(server: ServerPlace, contexts: set[tuple[str, str]]) -> Association:
    """Open an association for the contexts."""
    ae = AE(ae_title=CALLING_AE_TITLE)
    # Verification is accepted by everybody, so that a server that takes none of the rest is still told from no server.
    ae.requested_contexts = [build_context(Verification), *(build_context(*context) for context in sorted(contexts))]
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ANSWER_SECONDS
    assoc = ae.associate(HOST, server.dicom_port, ae_title=server.institution.ae_title, max_pdu=0)
    if not assoc.is_established:
        raise NoAssociation(f"{server.institution.ae_title} on port {server.dicom_port} accepts no association.")
    return steady(assoc)


def send_one(assoc: Association, file: Sendable, counts: SendCounts) -> None:
    """Send one file and count what became of it."""
    try:
        answer = assoc.send_c_store(file.path)
    except (ValueError, TypeError, AttributeError, KeyError, NotImplementedError, EOFError, OSError, RuntimeError):
        # What pydicom and pynetdicom raise for a file that they cannot read or that no context was accepted for.
        counts.not_dicom += 1
        counts.failed.append(file.path.name)
        return
    status = answer.get("Status")
    if status == SUCCESS or status in WARNINGS:
        counts.stored += 1
    else:
        counts.refused += 1
        counts.failed.append(file.path.name)
