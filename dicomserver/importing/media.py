"""Reads a DICOMDIR (PS3.3 Annex F, PS3.10 8) as the list of what its medium should hold.

No path is ever made of what it says: a file it names is looked for among the names that are there.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from pydicom import dcmread
from pydicom.dataset import Dataset

from dicomserver.importing.results import FileOutcome, FileResult, shown_name
from dicomserver.index.selectors import instance_by_uid
from wire.uids import InvalidUid, parse_uid

# That of a DVD of 20,000 instances takes 10 MB.
MAX_DIRECTORY_BYTES: Final = 64 * 1024**2
MAX_RECORDS: Final = 200_000
# PS3.10 8.2: at most eight components; more is tolerated.
MAX_COMPONENTS: Final = 16
_INACTIVE: Final = 0


class DirectoryUnreadable(Exception):
    """The DICOMDIR makes no sense; the message says so in a sentence."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One file that should be there: the components of its Referenced File ID, and the instance in it."""

    components: tuple[str, ...]
    sop_instance_uid: str

    @property
    def name(self) -> str:
        """The components as a path, for people."""
        return "/".join(self.components)

    @property
    def leads_elsewhere(self) -> bool:
        """Whether it is no plain way down from the DICOMDIR."""
        return (
            not self.components
            or len(self.components) > MAX_COMPONENTS
            or any(
                part in {"", ".", ".."} or set(part) & {"/", "\\", ":", "\0"} or not part.isprintable()
                for part in self.components
            )
        )


def references_in(file: BinaryIO) -> list[Reference]:
    """What the DICOMDIR names, in its order. Raises DirectoryUnreadable and OSError."""
    size = file.seek(0, 2)
    file.seek(0)
    if size > MAX_DIRECTORY_BYTES:
        raise DirectoryUnreadable("The DICOMDIR is too large to be believed.")
    try:
        ds = dcmread(file, force=True)
        records: list[Dataset] = list(ds.get("DirectoryRecordSequence") or [])
        if len(records) > MAX_RECORDS:
            raise DirectoryUnreadable("The DICOMDIR lists more files than is believable.")
        return [found for record in records if (found := _reference(record)) is not None]
    except (DirectoryUnreadable, OSError):
        raise
    except Exception as error:  # pydicom answers hostile bytes with errors of many types
        raise DirectoryUnreadable(
            "The DICOMDIR cannot be read. The files beside it are looked at one by one."
        ) from error


def _reference(record: Dataset) -> Reference | None:
    value: Any = record.get("ReferencedFileID")
    if value is None or value == "" or record.get("RecordInUseFlag") == _INACTIVE:
        return None
    parts = [value] if isinstance(value, str) else list(value)
    return Reference(
        tuple(str(part).strip() for part in parts), str(record.get("ReferencedSOPInstanceUIDInFile") or "")
    )


def results_for(references: list[Reference], there: Collection[str], name: str) -> Iterator[FileResult]:
    """What of the references is wrong: `there` are the names below the DICOMDIR's folder, in lower case, with slashes.

    An instance that this server holds already is not missing.
    """
    for reference in references:
        shown = shown_name(f"{name}: {reference.name}")
        if reference.leads_elsewhere:
            yield FileResult(
                shown, FileOutcome.REFUSED, "The DICOMDIR names a file outside of its medium.", "outside_medium"
            )
        elif reference.name.lower() not in there and not _is_held(reference.sop_instance_uid):
            yield FileResult(
                shown, FileOutcome.MISSING, "The DICOMDIR names this file, and it is not there.", "missing"
            )


def _is_held(sop_instance_uid: str) -> bool:
    try:
        return instance_by_uid(parse_uid(sop_instance_uid)) is not None
    except InvalidUid:
        return False
